#pragma once

#include "builder/copy/source_tree.hpp"
#include "builder/remote/url_files.hpp"
#include "image/blob_source.hpp"

#include <memory>
#include <string>

namespace mybuild {

/// A file that a URL named, as a tree with nothing else in it: `name`, mode 0600, owned by 0:0, as
/// old as its server says. Its bytes are read from `blobs`, which must outlive the tree.
Result<std::shared_ptr<SourceTree>> make_url_tree(BlobSource& blobs, const UrlFiles::File& file,
                                                  const std::string& name, TreeLabel label);

} // namespace mybuild
