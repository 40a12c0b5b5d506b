#include "builder/remote/url_tree.hpp"

#include "builder/copy/listed_tree.hpp"
#include "image/byte_stream_io.hpp"

namespace mybuild {
namespace {

class UrlTree final : public ListedTree {
  public:
    UrlTree(StageView view, TreeLabel label, BlobSource& blobs, const Digest& content)
        : ListedTree(std::move(view), std::move(label)), m_blobs(blobs), m_content(content) {}

    Result<std::unique_ptr<ByteSource>> open(const std::string& path) override {
        TRY_ASSIGN(auto fd, m_blobs.open(m_content));
        return std::make_unique<FdSource>(std::move(fd), path);
    }

  private:
    BlobSource& m_blobs;
    Digest m_content;
};

} // namespace

Result<std::shared_ptr<SourceTree>> make_url_tree(BlobSource& blobs, const UrlFiles::File& file,
                                                  const std::string& name, TreeLabel label) {
    LayerEntry entry;
    entry.path = name;
    entry.mode = 0600;
    entry.mtime = file.modified;
    entry.size = file.blob.size;
    entry.content = file.blob.digest;
    ListingBuilder builder;
    TRY(builder.add(entry));
    TRY_ASSIGN(auto listing, Listing::from_bytes(builder.finish()));
    return std::make_shared<UrlTree>(StageView({std::move(listing)}), std::move(label), blobs,
                                     file.blob.digest);
}

} // namespace mybuild
