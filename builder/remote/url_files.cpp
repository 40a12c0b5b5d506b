#include "builder/remote/url_files.hpp"

#include "base/render.hpp"
#include "cache/source_records.hpp"
#include "cache/store.hpp"
#include "image/registry/auth.hpp"
#include "parser/percent.hpp"

#include <fmt/format.h>

namespace mybuild {
namespace {

Error mismatch(const FileUrl& url, const Digest& got, const Digest& wanted) {
    return Error{ErrorCode::corrupt, fmt::format("digest mismatch for {}: {} (expected: {})",
                                                 url.shown, got.str(), wanted.str())}
        .with_hint("the file has changed, or was changed on the way: take the new digest only if "
                   "you know why");
}

/// The last part of the URL's path, as a file is called by it.
std::string file_name(const Url& url) {
    const auto path = percent_decode(url.target.substr(0, url.target.find('?')));
    if (!path) return {};
    auto text = std::string_view(*path);
    while (text.ends_with('/'))
        text.remove_suffix(1);
    const auto name = text.substr(text.rfind('/') + 1);
    const bool fits = name != "." && name != ".." && name.find('\0') == name.npos;
    return fits ? std::string(name) : std::string();
}

} // namespace

Result<FileUrl> parse_file_url(std::string_view text) {
    FileUrl parsed;
    std::string rest = percent_encode_foreign(text);
    const auto scheme = rest.find("://");
    const auto begin = scheme == std::string::npos ? rest.size() : scheme + 3;
    const auto end = std::min(rest.find_first_of("/?#", begin), rest.size());
    if (const auto at = rest.rfind('@', end); at != std::string::npos && at >= begin) {
        const auto info = rest.substr(begin, at - begin);
        const auto colon = std::min(info.find(':'), info.size());
        const auto user = percent_decode(info.substr(0, colon));
        const auto password = percent_decode(colon < info.size() ? info.substr(colon + 1) : "");
        rest.erase(begin, at + 1 - begin);
        if (!user || !password || user->find(':') != std::string::npos)
            return fail(
                {ErrorCode::invalid,
                 fmt::format("invalid URL {}: its user name is malformed", printable(rest))});
        parsed.authorization = registry::basic_authorization({*user, *password});
    }
    TRY_ASSIGN(parsed.url, parse_url(rest));
    parsed.name = file_name(parsed.url);
    parsed.shown = parsed.url.str();
    return parsed;
}

Result<std::vector<HttpHeader>> UrlFiles::credentials(const FileUrl& url) const {
    if (!url.authorization.empty())
        return std::vector<HttpHeader>{{"Authorization", url.authorization}};
    if (!m_secret) return std::vector<HttpHeader>();
    // The names that BuildKit's ADD looks for.
    TRY_ASSIGN(auto header, m_secret("HTTP_AUTH_HEADER_" + url.url.host));
    if (header) return std::vector<HttpHeader>{{"Authorization", std::move(*header)}};
    TRY_ASSIGN(const auto token, m_secret("HTTP_AUTH_TOKEN_" + url.url.host));
    if (token) return std::vector<HttpHeader>{{"Authorization", "Bearer " + *token}};
    return std::vector<HttpHeader>();
}

Result<UrlFiles::File> UrlFiles::fetch(const FileUrl& url, const std::optional<Digest>& checksum,
                                       const DownloadProgress& progress, std::stop_token stop) {
    const auto key = Digest::of(url.shown);
    TRY_ASSIGN(auto known, m_store.sources().download(key));
    if (known && !m_store.blobs().has(known->blob)) known.reset();
    const auto file_of = [](const DownloadRecord& record) {
        return File{{{}, record.blob, record.size},
                    parse_http_date(record.last_modified).value_or(0)};
    };
    if (known && checksum == known->blob) return file_of(*known);

    DownloadRequest request;
    request.url = url.url;
    TRY_ASSIGN(request.headers, credentials(url));
    // A file that has not the digest it should have is not asked about: it has to change.
    if (known && !checksum) {
        request.etag = known->etag;
        request.last_modified = known->last_modified;
    }
    auto came = download(m_transport, request, m_store.blobs(), progress, std::move(stop));
    if (!came) return fail(std::move(came).error().in(url.shown));
    if (came->unchanged) return file_of(*known);
    DownloadRecord record{key, std::move(came->etag), std::move(came->last_modified),
                          came->blob.digest, came->blob.size};
    TRY(m_store.sources().put(record));
    if (checksum && *checksum != record.blob) return fail(mismatch(url, record.blob, *checksum));
    return file_of(record);
}

} // namespace mybuild
