#include "builder/remote/url_context.hpp"

#include "builder/copy/spooled_tree.hpp"
#include "builder/kept_layer.hpp"
#include "builder/remote/url_tree.hpp"
#include "cache/key.hpp"
#include "cache/store.hpp"
#include "image/byte_stream_io.hpp"

namespace mybuild {
namespace {

constexpr std::size_t sniffed_bytes = 1024; // as BuildKit looks at
/// More than the largest source trees have; a listing of so many takes about 1 GB of memory.
constexpr std::uint64_t max_entries = 4'000'000;

Result<bool> is_archive(Store& store, const Digest& blob) {
    TRY_ASSIGN(auto fd, store.blobs().open(blob));
    FdSource source(std::move(fd), "the file");
    TRY_ASSIGN(const auto start, read_start(source, sniffed_bytes));
    return looks_like_archive(start);
}

Result<std::shared_ptr<SourceTree>> unpacked(Store& store, LayerStore& layers, const Digest& blob,
                                             const TreeLabel& label) {
    const auto key = KeyBuilder("unpacked archive").add("blob", blob).digest();
    std::shared_ptr<SpooledTree> tree; // the entries read from it
    return kept_tree(store, layers, key, label, [&]() -> Result<std::vector<PlannedEntry>> {
        TRY_ASSIGN(auto fd, store.blobs().open(blob));
        FdSource archive(std::move(fd), label.name);
        TRY_ASSIGN(auto spool, Spool::create(store));
        TarLimits limits;
        limits.max_entries = max_entries;
        TRY_ASSIGN(tree, SpooledTree::unpack(archive, std::move(spool), label, limits));
        return entries_of(*tree);
    });
}

} // namespace

Result<FetchedContext> fetch_context(UrlFiles& files, Store& store, LayerStore& layers,
                                     const std::string& url, TreeLabel label,
                                     std::stop_token stop) {
    TRY_ASSIGN(const auto parsed, parse_file_url(url));
    TRY_ASSIGN(const auto file, files.fetch(parsed, std::nullopt, {}, std::move(stop)));
    FetchedContext context;
    context.name = parsed.name;
    if (file.modified != 0) context.modified = file.modified;
    TRY_ASSIGN(context.is_archive, is_archive(store, file.blob.digest));
    if (context.is_archive) {
        TRY_ASSIGN(context.tree, unpacked(store, layers, file.blob.digest, label));
    } else {
        TRY_ASSIGN(context.tree,
                   make_url_tree(store.blobs(), file, url_context_file, std::move(label)));
    }
    return context;
}

} // namespace mybuild
