#pragma once

#include "image/blob_source.hpp"
#include "image/http/http.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mybuild::test {

/// What the fake network answers.
struct FakeReply {
    int status = 200;
    std::vector<HttpHeader> headers = {};
    std::string body = {};
    std::size_t break_after = SIZE_MAX; ///< the connection breaks after so many bytes of the body
    std::optional<Error> error = {};    ///< instead of any answer
};

/// What was asked of it.
struct FakeRequest {
    std::string line; ///< `GET https://…`
    std::string authorization;
    std::string range;
    std::string accept;
    std::string body;
    bool verify_tls = true;
    std::string conditions = {}; ///< `If-…` headers, a line each
};

/// A network of one function; remembers every request.
class FakeTransport final : public HttpTransport {
  public:
    using Handler = std::function<FakeReply(const FakeRequest&)>;
    explicit FakeTransport(Handler handler) : m_handler(std::move(handler)) {}

    Result<HttpResponse> request(const HttpRequest& request, BodyReceiver* receiver,
                                 std::stop_token stop) override {
        if (stop.stop_requested()) return fail({ErrorCode::cancelled, "stopped"});
        const FakeReply reply = answer(request);
        if (reply.error) return fail(*reply.error);
        HttpResponse response{reply.status, reply.headers, {}};
        ByteSink* sink = nullptr;
        if (receiver != nullptr) {
            TRY_ASSIGN(sink, receiver->accept(response));
        }
        const std::string_view body = std::string_view(reply.body).substr(0, reply.break_after);
        if (sink == nullptr) {
            if (body.size() > request.max_body) return fail({ErrorCode::invalid, "too long"});
            response.body = body;
        } else {
            TRY(sink->write(std::as_bytes(std::span(body))));
        }
        if (body.size() < reply.body.size())
            return fail({ErrorCode::network, "the peer broke off the connection"});
        return response;
    }

    [[nodiscard]] std::vector<FakeRequest> requests() const {
        const std::lock_guard lock(m_mutex);
        return m_requests;
    }
    /// The request lines, for comparing a whole conversation.
    [[nodiscard]] std::vector<std::string> lines() const {
        std::vector<std::string> out;
        for (const FakeRequest& request : requests())
            out.push_back(request.line);
        return out;
    }

  private:
    FakeReply answer(const HttpRequest& request) {
        FakeRequest seen{fmt::format("{} {}", request.method, request.url),
                         {},
                         {},
                         {},
                         {},
                         request.verify_tls,
                         {}};
        for (const auto& [name, value] : request.headers) {
            if (name == "Authorization") seen.authorization = value;
            if (name == "Range") seen.range = value;
            if (name == "Accept") seen.accept = value;
            if (name.starts_with("If-")) seen.conditions += fmt::format("{}: {}\n", name, value);
        }
        if (request.body != nullptr) {
            std::string buffer(1024, '\0');
            for (;;) {
                const auto count = request.body->read(std::as_writable_bytes(std::span(buffer)));
                if (!count || *count == 0) break;
                seen.body.append(buffer, 0, *count);
            }
        }
        const std::lock_guard lock(m_mutex);
        m_requests.push_back(seen);
        return m_handler(seen);
    }

    Handler m_handler;
    mutable std::mutex m_mutex;
    std::vector<FakeRequest> m_requests;
};

/// Blobs in memory.
class BlobBasket final : public BlobSink {
  public:
    bool has(const Digest& digest) override {
        const std::lock_guard lock(m_mutex);
        return m_blobs.contains(digest);
    }
    Result<std::unique_ptr<BlobWriter>> begin() override { return std::make_unique<Writer>(*this); }
    void put(std::string bytes) {
        const std::lock_guard lock(m_mutex);
        const Digest digest = Digest::of(bytes);
        m_blobs.insert_or_assign(digest, std::move(bytes));
    }
    [[nodiscard]] std::string get(const Digest& digest) const {
        const std::lock_guard lock(m_mutex);
        const auto found = m_blobs.find(digest);
        return found == m_blobs.end() ? std::string() : found->second;
    }
    [[nodiscard]] std::size_t count() const {
        const std::lock_guard lock(m_mutex);
        return m_blobs.size();
    }

  private:
    class Writer final : public BlobWriter {
      public:
        explicit Writer(BlobBasket& blobs) : m_owner(blobs) {}
        Status write(std::span<const std::byte> bytes) override {
            m_bytes.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
            return {};
        }
        Result<oci::Descriptor> commit(const oci::Descriptor* expected) override {
            oci::Descriptor found{{}, Digest::of(m_bytes), m_bytes.size()};
            if (expected != nullptr &&
                (found.digest != expected->digest || found.size != expected->size))
                return fail({ErrorCode::corrupt, "digest " + found.digest.str()});
            m_owner.put(std::move(m_bytes));
            return found;
        }

      private:
        BlobBasket& m_owner;
        std::string m_bytes;
    };

    mutable std::mutex m_mutex;
    std::map<Digest, std::string> m_blobs;
};

inline oci::Descriptor describe(std::string_view media_type, std::string_view bytes) {
    return {std::string(media_type), Digest::of(bytes), bytes.size()};
}

} // namespace mybuild::test
