#pragma once

#include "base/digest.hpp"
#include "image/http/download.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

namespace mybuild {

class Store;

/// A URL of a file, as people write them: with a user name, or characters that belong encoded.
struct FileUrl {
    Url url;
    std::string authorization = {}; ///< from `user:password@`; empty: none was there
    std::string name = {};          ///< last part of the path, decoded; empty: there is none
    std::string shown = {};         ///< the URL without a password: what messages and records say
};
/// Errors: ErrorCode::invalid.
Result<FileUrl> parse_file_url(std::string_view text);

/// Looks up a secret that the caller of the build has given; none: it has given none.
using SecretLookup = std::function<Result<std::optional<std::string>>(const std::string& id)>;

/// Files that are named by URL: fetched into the store's blobs, and again only when their server
/// says that they have changed. Safe to use from several threads.
class UrlFiles {
  public:
    /// All are borrowed. `secret` may be empty.
    UrlFiles(HttpTransport& transport, Store& store, SecretLookup secret)
        : m_transport(transport), m_store(store), m_secret(std::move(secret)) {}

    struct File {
        oci::Descriptor blob;      ///< in the store's blobs
        std::int64_t modified = 0; ///< seconds since 1970 as the server says; 0: it does not
    };
    /// The file as it is now. With a checksum a file that is here already is not asked for again.
    /// Errors: those of download(), each with the URL; ErrorCode::corrupt for another digest than
    /// the checksum.
    Result<File> fetch(const FileUrl& url, const std::optional<Digest>& checksum,
                       const DownloadProgress& progress, std::stop_token stop);

  private:
    [[nodiscard]] Result<std::vector<HttpHeader>> credentials(const FileUrl& url) const;

    HttpTransport& m_transport;
    Store& m_store;
    SecretLookup m_secret;
};

} // namespace mybuild
