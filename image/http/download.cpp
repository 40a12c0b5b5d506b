#include "image/http/download.hpp"

#include "image/http/backoff.hpp"
#include "image/http/redirect.hpp"

#include <fmt/format.h>

#include <charconv>

namespace mybuild {
namespace {

constexpr std::chrono::milliseconds longest_pause{30'000};
constexpr std::chrono::milliseconds between_reports{50};

std::uint64_t content_length(const HttpResponse& head) {
    const auto text = head.header("Content-Length");
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    return error == std::errc{} && end == text.data() + text.size() ? size : 0;
}

/// Only a strong validator says that two bodies are the same, byte by byte (RFC 9110, 8.8.1).
bool is_strong(const std::string& etag) {
    return !etag.empty() && !etag.starts_with("W/");
}

/// The file on its way into the sink, over as many responses as it takes.
class Transfer final : public BodyReceiver, public ByteSink {
  public:
    Transfer(const DownloadRequest& request, BlobSink& sink, const DownloadProgress& progress)
        : m_request(request), m_sink(sink), m_progress(progress) {}

    [[nodiscard]] bool unchanged() const { return m_unchanged; }
    [[nodiscard]] std::uint64_t received() const { return m_received; }

    /// What to say so that the server sends no more than is needed.
    [[nodiscard]] std::vector<HttpHeader> conditions() const {
        std::vector<HttpHeader> headers;
        if (m_received > 0 && is_strong(m_etag)) {
            headers.push_back({"Range", fmt::format("bytes={}-", m_received)});
            headers.push_back({"If-Range", m_etag});
            return headers;
        }
        if (!m_request.etag.empty()) headers.push_back({"If-None-Match", m_request.etag});
        if (!m_request.last_modified.empty())
            headers.push_back({"If-Modified-Since", m_request.last_modified});
        return headers;
    }

    Result<ByteSink*> accept(const HttpResponse& head) override {
        if (head.status == 206 && m_received > 0) {
            const auto range = parse_content_range(head.header("Content-Range"));
            if (!range || range->first != m_received)
                return fail(
                    {ErrorCode::network, "another part of the file came than was asked for"});
            return static_cast<ByteSink*>(this);
        }
        if (head.status != 200) return nullptr;
        // Some servers send the file though they say themselves that it is the one we have.
        m_unchanged = is_strong(m_request.etag) && head.header("ETag") == m_request.etag;
        if (m_unchanged) return fail({ErrorCode::cancelled, "the file has not changed"});
        m_total = content_length(head);
        TRY(check_size(m_total));
        m_etag = head.header("ETag");
        m_last_modified = head.header("Last-Modified");
        m_received = 0;
        TRY_ASSIGN(m_writer, m_sink.begin());
        return static_cast<ByteSink*>(this);
    }

    Status write(std::span<const std::byte> bytes) override {
        TRY(check_size(m_received + bytes.size()));
        TRY(m_writer->write(bytes));
        m_received += bytes.size();
        const auto now = std::chrono::steady_clock::now();
        if (m_progress && now - m_reported >= between_reports) {
            m_reported = now;
            m_progress(m_received, m_total);
        }
        return {};
    }

    Result<Download> finish() {
        if (m_total != 0 && m_received != m_total)
            return fail(
                {ErrorCode::network, fmt::format("{} of {} bytes came", m_received, m_total)});
        Download done;
        done.etag = std::move(m_etag);
        done.last_modified = std::move(m_last_modified);
        TRY_ASSIGN(done.blob, m_writer->commit(nullptr));
        if (m_progress) m_progress(m_received, m_received);
        return done;
    }

  private:
    [[nodiscard]] Status check_size(std::uint64_t size) const {
        if (size <= m_request.max_size) return {};
        return fail({ErrorCode::invalid,
                     fmt::format("the file is larger than {} bytes", m_request.max_size)});
    }

    const DownloadRequest& m_request;
    BlobSink& m_sink;
    const DownloadProgress& m_progress;
    std::unique_ptr<BlobWriter> m_writer;
    std::string m_etag, m_last_modified; ///< of what is being received
    std::uint64_t m_received = 0;
    std::uint64_t m_total = 0; ///< 0: not known
    bool m_unchanged = false;
    std::chrono::steady_clock::time_point m_reported{};
};

/// One request on its way through redirects; the response of the last server.
Result<HttpResponse> ask(HttpTransport& transport, const DownloadRequest& wanted,
                         Transfer& transfer, const std::stop_token& stop) {
    HttpRequest request;
    request.headers = wanted.headers;
    request.headers.push_back({"User-Agent", "mybuild"});
    for (auto& condition : transfer.conditions())
        request.headers.push_back(std::move(condition));
    Url url = wanted.url;
    for (int hop = 0; hop <= most_redirects; ++hop) {
        request.url = url.str();
        TRY_ASSIGN(auto response, transport.request(request, &transfer, stop));
        TRY_ASSIGN(auto next, redirect_of(url, response));
        if (!next) return response;
        if (!next->same_origin(url)) drop_credentials(request.headers);
        url = *std::move(next);
    }
    return fail(leads_in_circles(wanted.url));
}

Error refused(const HttpResponse& response, const Url& url) {
    Error error{ErrorCode::network, fmt::format("invalid response status {}", response.status)};
    if (response.status == 404 || response.status == 410) {
        error.code = ErrorCode::not_found;
        error.hint = fmt::format("{} has no such file: check the URL", url.endpoint());
    } else if (response.status == 401 || response.status == 403) {
        error.code = ErrorCode::denied;
        error.hint = fmt::format("{} wants to know who asks: give the secret HTTP_AUTH_TOKEN_{}",
                                 url.endpoint(), url.host);
    } else if (is_transient(response.status)) {
        error.hint = fmt::format("{} is in trouble: try again later", url.endpoint());
    }
    return error;
}

/// What one attempt came to; ErrorCode::network may pass by itself.
Result<Download> judge(Result<HttpResponse> response, Transfer& transfer,
                       const DownloadRequest& request) {
    if (transfer.unchanged()) return Download{.unchanged = true};
    if (!response) return fail(std::move(response).error());
    const bool asked_for_change = !request.etag.empty() || !request.last_modified.empty();
    if (response->status == 304 && asked_for_change) return Download{.unchanged = true};
    if (response->status == 200 || (response->status == 206 && transfer.received() > 0))
        return transfer.finish();
    return fail(refused(*response, request.url));
}

} // namespace

Result<Download> download(HttpTransport& transport, const DownloadRequest& request, BlobSink& sink,
                          const DownloadProgress& progress, const std::stop_token& stop) {
    Transfer transfer(request, sink, progress);
    Backoff after_response(request.retries, request.backoff, longest_pause);
    // Who cannot be reached at all is hardly there a second later.
    Backoff after_nothing(1, request.backoff, longest_pause);
    while (true) {
        auto response = ask(transport, request, transfer, stop);
        std::optional<std::chrono::seconds> asked;
        bool may_pass = !response;
        if (response) {
            may_pass = is_transient(response->status) || response->status < 300;
            asked = retry_after(*response, std::chrono::system_clock::now());
        }
        const bool was_reached = response || transfer.received() > 0;
        auto done = judge(std::move(response), transfer, request);
        if (done || done.error().code != ErrorCode::network || !may_pass) return done;
        if ((was_reached ? after_response : after_nothing).pause(asked, stop)) continue;
        if (stop.stop_requested()) return fail({ErrorCode::cancelled, "the download was stopped"});
        return done;
    }
}

} // namespace mybuild
