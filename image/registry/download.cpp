#include "image/registry/download.hpp"

#include "image/http/backoff.hpp"
#include "image/registry/reply.hpp"

#include <fmt/format.h>

#include <charconv>

namespace mybuild::registry {

namespace {

constexpr std::chrono::milliseconds between_events{50};
constexpr std::string_view changed_on_the_way =
    "try again; if it stays so, the registry or a proxy on the way has damaged it";

/// One blob on its way: receives the bodies of as many responses as it takes.
class BlobTransfer final : public BodyReceiver, private ByteSink {
  public:
    BlobTransfer(const oci::Descriptor& blob, std::unique_ptr<BlobWriter> writer, std::string name,
                 const BlobProgress& progress)
        : m_blob(blob), m_writer(std::move(writer)), m_name(std::move(name)), m_progress(progress) {
    }

    [[nodiscard]] std::uint64_t received() const { return m_received; }
    [[nodiscard]] bool complete() const { return m_received == m_blob.size; }

    Result<ByteSink*> accept(const HttpResponse& head) override {
        m_skip = 0;
        if (head.status == 206) {
            const auto range = parse_content_range(head.header("Content-Range"));
            if (!range || range->first != m_received)
                return fail({ErrorCode::unsupported,
                             fmt::format("{}: another part came than was asked for", m_name)});
            if (range->total) TRY(check_size(*range->total));
        } else {
            m_skip = m_received; // ranges are not served: what is here already comes again
            const std::string_view length = head.header("Content-Length");
            std::uint64_t size = 0;
            const auto [end, error] =
                std::from_chars(length.data(), length.data() + length.size(), size);
            if (!length.empty() && error == std::errc{} && end == length.data() + length.size())
                TRY(check_size(size));
        }
        report(BlobEvent::Kind::started);
        return static_cast<ByteSink*>(this);
    }

    Status commit() {
        auto committed = m_writer->commit(&m_blob);
        if (!committed && committed.error().code == ErrorCode::corrupt)
            return fail(std::move(committed)
                            .error()
                            .in(fmt::format("{} is not what its manifest names", m_name))
                            .with_hint(std::string(changed_on_the_way)));
        if (!committed) return fail(std::move(committed).error().in(m_name));
        report(BlobEvent::Kind::done);
        return {};
    }

    void report(BlobEvent::Kind kind) {
        if (!m_progress) return;
        m_reported = std::chrono::steady_clock::now();
        m_progress({kind, m_blob.digest, m_received, m_blob.size});
    }

  private:
    Status check_size(std::uint64_t size) {
        if (size == m_blob.size) return {};
        return fail(Error{ErrorCode::corrupt,
                          fmt::format("{} has {} bytes at the registry, its manifest says {}",
                                      m_name, size, m_blob.size)}
                        .with_hint(std::string(changed_on_the_way)));
    }

    Status write(std::span<const std::byte> bytes) override {
        const std::size_t skipped = std::min<std::uint64_t>(m_skip, bytes.size());
        m_skip -= skipped;
        bytes = bytes.subspan(skipped);
        if (bytes.size() > m_blob.size - m_received) return check_size(m_received + bytes.size());
        TRY(m_writer->write(bytes));
        m_received += bytes.size();
        if (std::chrono::steady_clock::now() - m_reported >= between_events)
            report(BlobEvent::Kind::received);
        return {};
    }

    const oci::Descriptor& m_blob;
    std::unique_ptr<BlobWriter> m_writer;
    std::string m_name;
    const BlobProgress& m_progress;
    std::uint64_t m_received = 0;
    std::uint64_t m_skip = 0; ///< bytes of this response that are here already
    std::chrono::steady_clock::time_point m_reported{};
};

/// What became of one response: success, or an error that may pass (network) or not.
Status judge(const Result<HttpResponse>& response, const BlobTransfer& transfer,
             const Question& question, const Endpoint& endpoint) {
    if (!response) return fail(response.error());
    if (response->status != 200 && response->status != 206)
        return fail(
            response_error(*response, question.what, endpoint.registry, endpoint.base.endpoint()));
    if (transfer.complete()) return {};
    return fail({ErrorCode::network,
                 fmt::format("{} ended the transfer too early", endpoint.base.endpoint())});
}

} // namespace

std::string short_digest(const Digest& digest) {
    constexpr std::size_t shown = 12;
    return "sha256:" + digest.hex().substr(0, shown);
}

Status download_blob(Session& session, const Endpoint& endpoint, Question question,
                     const oci::Descriptor& blob, BlobSink& sink, const BlobProgress& progress,
                     const std::stop_token& stop) {
    const std::string name =
        fmt::format("layer {} of {}", short_digest(blob.digest), question.what);
    TRY_ASSIGN(auto writer, sink.begin());
    BlobTransfer transfer(blob, std::move(writer), name, progress);
    const ClientOptions& options = session.options();
    Backoff backoff(options.retries, options.backoff, options.backoff_cap);
    question.path = "blobs/" + blob.digest.str();
    question.receiver = &transfer;
    while (true) {
        question.headers.clear();
        if (transfer.received() > 0)
            question.headers.push_back({"Range", fmt::format("bytes={}-", transfer.received())});
        const auto response = session.ask(endpoint, question, stop);
        Status verdict = judge(response, transfer, question, endpoint);
        if (verdict) return transfer.commit();
        if (verdict.error().code != ErrorCode::network) return verdict;
        transfer.report(BlobEvent::Kind::retrying);
        std::optional<std::chrono::seconds> asked;
        if (response) asked = retry_after(*response, std::chrono::system_clock::now());
        if (backoff.pause(asked, stop)) continue;
        if (stop.stop_requested())
            return fail({ErrorCode::cancelled, fmt::format("{}: stopped", name)});
        if (transfer.received() == 0 && response) return verdict; // says it all
        return fail(std::move(verdict).error().in(fmt::format(
            "{} broke off after {} of {} bytes", name, transfer.received(), blob.size)));
    }
}

} // namespace mybuild::registry
