#pragma once

#include "builder/copy/source_tree.hpp"
#include "builder/remote/url_files.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace mybuild {

class LayerStore;

/// What an http(s) URL in the place of a context has brought.
struct FetchedContext {
    std::shared_ptr<SourceTree> tree;
    bool is_archive = false;                   ///< else `tree` has one file, url_context_file
    std::string name = {};                     ///< how the URL calls the file
    std::optional<std::int64_t> modified = {}; ///< as the server says
};
/// How the file of a URL that is no archive is called in its tree, as with BuildKit.
inline constexpr const char* url_context_file = "context";

/// Fetches a context: an archive (tar, plain or compressed) is unpacked and its files belong to
/// 0:0; anything else is the one file of its tree. What has not changed is neither fetched nor
/// unpacked again. Errors: those of UrlFiles::fetch() and SpooledTree::unpack().
Result<FetchedContext> fetch_context(UrlFiles& files, Store& store, LayerStore& layers,
                                     const std::string& url, TreeLabel label, std::stop_token stop);

} // namespace mybuild
