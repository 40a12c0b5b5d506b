#include "git/http_connection.hpp"

#include "image/byte_stream_io.hpp"
#include "image/http/redirect.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <optional>
#include <unistd.h>

namespace mybuild::git {
namespace {

constexpr std::string_view list_suffix = "/info/refs?service=git-upload-pack";
constexpr std::string_view fetch_suffix = "/git-upload-pack";
constexpr std::string_view list_type = "application/x-git-upload-pack-advertisement";
constexpr std::string_view ask_type = "application/x-git-upload-pack-request";
constexpr std::string_view fetch_type = "application/x-git-upload-pack-result";
constexpr std::string_view agent = "git/2.0 (mybuild)"; // servers look for `git/` in front

/// The file that an answer of status 200 goes to.
class IntoFile final : public BodyReceiver {
  public:
    explicit IntoFile(int file) : m_sink(file, "the answer") {}
    Result<ByteSink*> accept(const HttpResponse& head) override {
        return head.status == 200 ? &m_sink : nullptr;
    }

  private:
    FdSink m_sink;
};

class HttpConnection;

class HttpStream final : public Stream {
  public:
    HttpStream(HttpConnection& connection, Service service)
        : m_connection(connection), m_service(service) {}
    Result<std::size_t> read(std::span<char> out) override;
    Status write(std::string_view bytes) override {
        m_asked += bytes;
        return {};
    }

  private:
    HttpConnection& m_connection;
    Service m_service;
    std::string m_asked;
    std::optional<FdSource> m_answer;
};

class HttpConnection final : public Connection {
  public:
    explicit HttpConnection(HttpAccess access) : m_access(std::move(access)), m_url(m_access.url) {
        if (!m_access.authorization.empty())
            m_headers.push_back({"Authorization", m_access.authorization});
        m_headers.push_back({"User-Agent", std::string(agent)});
        while (m_url.target.ends_with('/'))
            m_url.target.pop_back();
    }

    [[nodiscard]] bool is_stateless() const override { return true; }

    Result<std::unique_ptr<Stream>> open(Service service) override {
        return std::make_unique<HttpStream>(*this, service);
    }

    /// The answer, to be read from its beginning.
    Result<Fd> ask(Service service, std::string_view body) {
        TRY_ASSIGN(auto file, m_access.make_file());
        TRY_ASSIGN(const auto answer,
                   service == Service::list ? list(file.get()) : fetch(file.get(), body));
        TRY(judge(answer, service == Service::list ? list_type : fetch_type));
        if (::lseek(file.get(), 0, SEEK_SET) != 0) return fail(errno_error("the answer", errno));
        return file;
    }

  private:
    Result<HttpResponse> list(int file) {
        Url url = m_url;
        url.target += list_suffix;
        for (int hop = 0; hop <= most_redirects; ++hop) {
            HttpRequest request;
            request.url = url.str();
            request.headers = m_headers;
            IntoFile into(file);
            TRY_ASSIGN(auto answer, m_access.transport.request(request, &into, m_access.stop));
            TRY_ASSIGN(auto next, redirect_of(url, answer));
            if (!next) {
                if (hop > 0) TRY(move_to(url));
                return answer;
            }
            if (!next->same_origin(url)) drop_credentials(m_headers);
            url = *std::move(next);
        }
        return fail(leads_in_circles(m_url));
    }

    /// What the first request was led to holds for all.
    Status move_to(const Url& url) {
        if (!url.target.ends_with(list_suffix))
            return fail(
                {ErrorCode::invalid, fmt::format("{} leads to {}, which is no git repository",
                                                 m_url.str(), url.str())});
        m_url = url;
        m_url.target.resize(m_url.target.size() - list_suffix.size());
        return {};
    }

    Result<HttpResponse> fetch(int file, std::string_view body) {
        HttpRequest request;
        request.method = "POST";
        request.url = m_url.str() + std::string(fetch_suffix);
        request.headers = m_headers;
        request.headers.push_back({"Content-Type", std::string(ask_type)});
        request.headers.push_back({"Accept", std::string(fetch_type)});
        MemorySource bytes(body);
        request.body = &bytes;
        request.body_size = body.size();
        IntoFile into(file);
        return m_access.transport.request(request, &into, m_access.stop);
    }

    [[nodiscard]] Status judge(const HttpResponse& answer, std::string_view type) const {
        const auto shown = m_access.url.str();
        if (answer.status == 200 && answer.header("Content-Type") == type) return {};
        if (answer.status == 200)
            return fail(
                Error{ErrorCode::invalid, fmt::format("{} is no git repository", shown)}.with_hint(
                    "its server does not speak git's smart protocol there"));
        Error error{ErrorCode::network,
                    fmt::format("{}: invalid response status {}", shown, answer.status)};
        if (answer.status == 404 || answer.status == 410) {
            error.code = ErrorCode::not_found;
            error.hint = "there is no such repository: check the URL";
        } else if (answer.status == 401 || answer.status == 403) {
            error.code = ErrorCode::denied;
            error.hint = fmt::format("check the URL, or give the secret GIT_AUTH_TOKEN.{}",
                                     m_access.url.authority());
        }
        return fail(std::move(error));
    }

    HttpAccess m_access;
    Url m_url; ///< of the repository, as far as redirects have led
    std::vector<HttpHeader> m_headers;
};

Result<std::size_t> HttpStream::read(std::span<char> out) {
    if (!m_answer) {
        TRY_ASSIGN(auto file, m_connection.ask(m_service, m_asked));
        m_answer.emplace(std::move(file), "the answer");
    }
    return m_answer->read(std::as_writable_bytes(out));
}

} // namespace

std::unique_ptr<Connection> make_http_connection(HttpAccess access) {
    return std::make_unique<HttpConnection>(std::move(access));
}

} // namespace mybuild::git
