#include "image/http/curl_transport.hpp"

#include "image/http/curl_error.hpp"
#include "image/http/curl_library.hpp"
#include "image/http/url.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <ctime>
#include <functional>
#include <mutex>
#include <pthread.h>

namespace mybuild {

namespace {

constexpr std::size_t most_header_bytes = 256U << 10U;

/// Keeps SIGPIPE from this thread while TLS libraries write to sockets whose peer may be gone.
class SigpipeBlock {
  public:
    SigpipeBlock() {
        sigemptyset(&m_pipe);
        sigaddset(&m_pipe, SIGPIPE);
        sigset_t pending;
        sigpending(&pending);
        m_was_pending = sigismember(&pending, SIGPIPE) == 1;
        pthread_sigmask(SIG_BLOCK, &m_pipe, &m_before);
    }
    ~SigpipeBlock() {
        const timespec now{};
        if (!m_was_pending)
            while (sigtimedwait(&m_pipe, nullptr, &now) < 0 && errno == EINTR) {
            }
        pthread_sigmask(SIG_SETMASK, &m_before, nullptr);
    }
    SigpipeBlock(const SigpipeBlock&) = delete;
    SigpipeBlock& operator=(const SigpipeBlock&) = delete;

  private:
    sigset_t m_pipe{};
    sigset_t m_before{};
    bool m_was_pending = false;
};

/// A multi handle with its connections and one easy handle: what one exchange at a time needs. The
/// multi interface is there for its wake-up: a stop takes effect at once.
class Channel {
  public:
    explicit Channel(const CurlLibrary& curl)
        : m_curl(curl), m_multi(curl.multi_init()), m_easy(curl.easy_init()) {}
    ~Channel() {
        if (m_easy != nullptr) m_curl.easy_cleanup(m_easy);
        if (m_multi != nullptr) m_curl.multi_cleanup(m_multi);
    }
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    [[nodiscard]] bool valid() const { return m_multi != nullptr && m_easy != nullptr; }
    [[nodiscard]] const CurlLibrary& curl() const { return m_curl; }
    [[nodiscard]] CURLM* multi() const { return m_multi; }
    [[nodiscard]] CURL* easy() const { return m_easy; }

    template <class Value>
    void set(CURLoption option, Value value) const {
        m_curl.easy_setopt(m_easy, option, value);
    }

  private:
    const CurlLibrary& m_curl;
    CURLM* m_multi;
    CURL* m_easy;
};

/// One exchange: what curl's callbacks need to see.
class Exchange {
  public:
    Exchange(const Channel& channel, const HttpRequest& request, const Url& url,
             BodyReceiver* receiver, std::stop_token stop)
        : m_channel(channel), m_request(request), m_url(url), m_receiver(receiver),
          m_stop(std::move(stop)) {}
    ~Exchange() {
        m_channel.curl().easy_reset(m_channel.easy()); // it points into this object
        m_channel.curl().slist_free_all(m_headers);
    }
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    Result<HttpResponse> run();

  private:
    void set_options();
    void set_body();
    CURLcode drive();
    Result<HttpResponse> conclude(CURLcode code);
    Status begin_body();
    Status take_body(std::span<const std::byte> bytes);
    void take_header(std::string_view line);

    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_upload(char* data, std::size_t size, std::size_t count, void* self);

    const Channel& m_channel;
    const HttpRequest& m_request;
    const Url& m_url;
    BodyReceiver* m_receiver;
    std::stop_token m_stop;
    curl_slist* m_headers = nullptr;
    std::array<char, CURL_ERROR_SIZE> m_detail{};

    HttpResponse m_response;
    std::size_t m_header_bytes = 0;
    bool m_head_complete = false;
    bool m_body_begun = false;
    ByteSink* m_sink = nullptr;
    std::optional<Error> m_error; ///< ours, a receiver's or a sink's: why a callback said stop
};

void Exchange::set_options() {
    const Channel& c = m_channel;
    c.curl().easy_reset(c.easy());
    c.set(CURLOPT_URL, m_request.url.c_str());
    c.set(CURLOPT_PROTOCOLS_STR, "http,https");
    c.set(CURLOPT_FOLLOWLOCATION, 0L);
    c.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    c.set(CURLOPT_NOSIGNAL, 1L);
    c.set(CURLOPT_ERRORBUFFER, m_detail.data());
    c.set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(m_request.timeouts.connect.count()));
    c.set(CURLOPT_TIMEOUT_MS, static_cast<long>(m_request.timeouts.total.count()));
    c.set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    c.set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(m_request.timeouts.idle.count()));
    c.set(CURLOPT_SSL_VERIFYPEER, m_request.verify_tls ? 1L : 0L);
    c.set(CURLOPT_SSL_VERIFYHOST, m_request.verify_tls ? 2L : 0L);
    c.set(CURLOPT_BUFFERSIZE, 256L << 10U);
    if (is_loopback(m_url.host)) c.set(CURLOPT_NOPROXY, "*");
    for (const HttpHeader& header : m_request.headers)
        m_headers = c.curl().slist_append(m_headers,
                                          fmt::format("{}: {}", header.name, header.value).c_str());
    if (m_request.body != nullptr && !m_request.body_size)
        m_headers = c.curl().slist_append(m_headers, "Transfer-Encoding: chunked");
    c.set(CURLOPT_HTTPHEADER, m_headers);
    c.set(CURLOPT_HEADERFUNCTION, &Exchange::on_header);
    c.set(CURLOPT_HEADERDATA, static_cast<void*>(this));
    c.set(CURLOPT_WRITEFUNCTION, &Exchange::on_body);
    c.set(CURLOPT_WRITEDATA, static_cast<void*>(this));
    set_body();
}

void Exchange::set_body() {
    const Channel& c = m_channel;
    if (m_request.body != nullptr) {
        c.set(CURLOPT_UPLOAD, 1L);
        c.set(CURLOPT_READFUNCTION, &Exchange::on_upload);
        c.set(CURLOPT_READDATA, static_cast<void*>(this));
        if (m_request.body_size)
            c.set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(*m_request.body_size));
    } else if (m_request.method == "HEAD") {
        c.set(CURLOPT_NOBODY, 1L);
    } else if (m_request.method != "GET" && m_request.method != "DELETE") {
        c.set(CURLOPT_POSTFIELDSIZE, 0L); // says `Content-Length: 0`
        c.set(CURLOPT_POSTFIELDS, "");
    }
    if (m_request.method != "GET" && m_request.method != "HEAD")
        c.set(CURLOPT_CUSTOMREQUEST, m_request.method.c_str());
}

void Exchange::take_header(std::string_view line) {
    while (line.ends_with('\n') || line.ends_with('\r'))
        line.remove_suffix(1);
    if (line.starts_with("HTTP/")) { // a new head: what stood before was 1xx or a proxy's
        m_response = {};
        m_head_complete = false;
        const std::size_t blank = std::min(line.find(' '), line.size());
        const std::string_view code = line.substr(std::min(blank + 1, line.size()), 3);
        std::from_chars(code.data(), code.data() + code.size(), m_response.status);
        return;
    }
    if (line.empty()) m_head_complete = true;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ') || value.starts_with('\t'))
        value.remove_prefix(1);
    while (value.ends_with(' ') || value.ends_with('\t'))
        value.remove_suffix(1);
    m_response.headers.push_back({std::string(line.substr(0, colon)), std::string(value)});
}

std::size_t Exchange::on_header(char* data, std::size_t size, std::size_t count, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    exchange.m_header_bytes += size * count;
    if (exchange.m_header_bytes > most_header_bytes) {
        exchange.m_error = Error{ErrorCode::invalid, fmt::format("{} sends too many headers",
                                                                 exchange.m_url.endpoint())};
        return 0;
    }
    exchange.take_header({data, size * count});
    return size * count;
}

Status Exchange::begin_body() {
    if (m_body_begun) return {};
    m_body_begun = true;
    if (m_receiver == nullptr) return {};
    TRY_ASSIGN(m_sink, m_receiver->accept(m_response));
    return {};
}

Status Exchange::take_body(std::span<const std::byte> bytes) {
    TRY(begin_body());
    if (m_sink != nullptr) return m_sink->write(bytes);
    if (bytes.size() > m_request.max_body - m_response.body.size())
        return fail({ErrorCode::invalid, fmt::format("the answer of {} is longer than {} bytes",
                                                     m_url.endpoint(), m_request.max_body)});
    m_response.body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
}

std::size_t Exchange::on_body(char* data, std::size_t size, std::size_t count, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    const std::size_t bytes = size * count;
    if (auto taken = exchange.take_body(std::as_bytes(std::span(data, bytes))); !taken) {
        exchange.m_error = std::move(taken).error();
        return bytes == 0 ? 1 : 0;
    }
    return bytes;
}

std::size_t Exchange::on_upload(char* data, std::size_t size, std::size_t count, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    auto got = exchange.m_request.body->read(std::as_writable_bytes(std::span(data, size * count)));
    if (got) return *got;
    exchange.m_error = std::move(got).error();
    return CURL_READFUNC_ABORT;
}

/// Runs the transfer to its end; CURLE_ABORTED_BY_CALLBACK: `stop` was requested.
CURLcode Exchange::drive() {
    const CurlLibrary& curl = m_channel.curl();
    if (curl.multi_add_handle(m_channel.multi(), m_channel.easy()) != CURLM_OK)
        return CURLE_FAILED_INIT;
    const std::stop_callback wake(m_stop, [&] { curl.multi_wakeup(m_channel.multi()); });
    CURLcode result = CURLE_OK;
    for (int running = 1; running != 0;) {
        if (m_stop.stop_requested()) {
            result = CURLE_ABORTED_BY_CALLBACK;
            break;
        }
        CURLMcode code = curl.multi_perform(m_channel.multi(), &running);
        if (code == CURLM_OK && running != 0)
            code = curl.multi_poll(m_channel.multi(), nullptr, 0, 1000, nullptr);
        if (code != CURLM_OK) {
            result = code == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_FAILED_INIT;
            break;
        }
    }
    int left = 0;
    while (const CURLMsg* message = curl.multi_info_read(m_channel.multi(), &left))
        if (message->msg == CURLMSG_DONE && result == CURLE_OK) result = message->data.result;
    curl.multi_remove_handle(m_channel.multi(), m_channel.easy());
    return result;
}

Result<HttpResponse> Exchange::conclude(CURLcode code) {
    if (m_error) return fail(*std::move(m_error));
    if (code == CURLE_OK && !m_head_complete) // curl is content with half a head
        return fail(curl_error(CURLE_GOT_NOTHING, m_url, "the response has no end", 0));
    if (code == CURLE_OK) {
        TRY(begin_body()); // a body of no bytes is one, too
        return std::move(m_response);
    }
    if (code == CURLE_ABORTED_BY_CALLBACK && m_stop.stop_requested())
        return fail(
            {ErrorCode::cancelled, fmt::format("transfer from {} stopped", m_url.endpoint())});
    long os_error = 0;
    m_channel.curl().easy_getinfo(m_channel.easy(), CURLINFO_OS_ERRNO, &os_error);
    const std::string_view detail =
        m_detail[0] != '\0' ? m_detail.data() : m_channel.curl().easy_strerror(code);
    return fail(curl_error(code, m_url, detail, static_cast<int>(os_error)));
}

Result<HttpResponse> Exchange::run() {
    const SigpipeBlock no_sigpipe;
    set_options();
    return conclude(drive());
}

class CurlTransport final : public HttpTransport {
  public:
    Result<HttpResponse> request(const HttpRequest& request, BodyReceiver* receiver,
                                 std::stop_token stop) override {
        TRY_ASSIGN(const Url url, parse_url(request.url));
        for (const HttpHeader& header : request.headers)
            if ((header.name + header.value).find_first_of(std::string_view("\r\n\0", 3)) !=
                std::string::npos)
                return fail({ErrorCode::invalid, "a line break in an HTTP header"});
        TRY_ASSIGN(std::unique_ptr<Channel> channel, take());
        auto result = Exchange(*channel, request, url, receiver, std::move(stop)).run();
        const std::lock_guard lock(m_mutex);
        m_idle.push_back(std::move(channel));
        return result;
    }

  private:
    Result<std::unique_ptr<Channel>> take() {
        {
            const std::lock_guard lock(m_mutex);
            if (!m_idle.empty()) {
                auto channel = std::move(m_idle.back());
                m_idle.pop_back();
                return channel;
            }
        }
        const Result<CurlLibrary>& library = curl_library();
        if (!library) return fail(library.error());
        auto channel = std::make_unique<Channel>(*library);
        if (!channel->valid()) return fail({ErrorCode::io, "libcurl gave no handle"});
        return channel;
    }

    std::mutex m_mutex;
    std::vector<std::unique_ptr<Channel>> m_idle; ///< as many as there were exchanges at once
};

} // namespace

std::unique_ptr<HttpTransport> make_curl_transport() {
    return std::make_unique<CurlTransport>();
}

} // namespace mybuild
