#include "cache/layers/layer_archives.hpp"

#include "base/fs.hpp"
#include "cache/layers/layer_pass.hpp"
#include "cache/layers/tree_files.hpp"
#include "image/byte_stream_io.hpp"
#include "image/compress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fcntl.h>

namespace mybuild {
namespace {

/// How a layer media type is compressed; none for what is no layer.
std::optional<Compression> compression_of(std::string_view media_type) {
    namespace types = oci::media_type;
    if (media_type == types::layer || media_type == types::docker_layer) return Compression::none;
    if (media_type == types::layer_gzip || media_type == types::docker_layer_gzip)
        return Compression::gzip;
    if (media_type == types::layer_zstd) return Compression::zstd;
    return std::nullopt;
}

/// Blob bytes on their way into the store.
class BlobFileSink final : public ByteSink {
  public:
    explicit BlobFileSink(BlobWriter& blob) : m_blob(blob) {}
    Status write(std::span<const std::byte> bytes) override { return m_blob.write(bytes); }

  private:
    BlobWriter& m_blob;
};

Status decompress(Fd file, const std::string& name, ByteSink& out) {
    FdSource bytes(std::move(file), name);
    TRY_ASSIGN(const auto plain, make_decompressor(bytes));
    TRY(copy_bytes(*plain, out));
    return {};
}

} // namespace

/// The archive and blobs hold the very bytes; a tree gives them again only where the layer is of
/// our own making, which the check in write_tar() tells.
Status LayerArchives::write_unchecked(const Layer& layer, ByteSink& out) {
    const auto& row = layer.row;
    if (!row.archive.empty()) {
        TRY_ASSIGN(auto file, fs::open_at(m_store.root_fd(),
                                          fmt::format("archives/{}", row.archive), O_RDONLY));
        FdSource bytes(std::move(file), "layer archive");
        TRY(copy_bytes(bytes, out));
        return {};
    }
    TRY_ASSIGN(const auto blobs, m_catalog.blobs(row.diff_id));
    if (!blobs.empty()) {
        TRY_ASSIGN(auto file, m_store.blobs().open(blobs.front().digest));
        return decompress(std::move(file), fmt::format("blob {}", blobs.front().digest.str()), out);
    }
    if (row.tree.empty()) return fail({ErrorCode::corrupt, "its files are gone from the store"});
    TRY_ASSIGN(const auto root,
               tree::open_dir(m_store.root_fd(), fmt::format("trees/{}", row.tree)));
    return write_tar_of_tree(root.get(), *layer.listing, out);
}

Status LayerArchives::write_tar(const Layer& layer, ByteSink& out) {
    // What the caller holds may be older than what the store has made since.
    TRY_ASSIGN(auto now, m_catalog.find(layer.row.chain_id));
    const auto& current = now ? *now : layer;
    BackgroundHash hash;
    TeeSink tee(hash, out);
    auto done = write_unchecked(current, tee);
    if (done) {
        if (const auto found = hash.finish(); found != layer.row.diff_id)
            done = fail(
                {ErrorCode::corrupt, fmt::format("its bytes have the digest {}", found.str())});
    }
    if (done) return {};
    auto error = std::move(done).error().in(fmt::format("layer {}", layer.row.diff_id.str()));
    if (error.code != ErrorCode::corrupt) return fail(std::move(error));
    TRY(forget_source(current));
    return fail(std::move(error).with_hint("build or pull again: the layer will be made anew"));
}

/// Drops the form that was found damaged, so that another one is taken next time, or the layer
/// counts as gone.
Status LayerArchives::forget_source(const Layer& layer) {
    if (!layer.row.archive.empty()) return m_catalog.forget_archive(layer.row.chain_id);
    TRY_ASSIGN(const auto blobs, m_catalog.blobs(layer.row.diff_id));
    if (!blobs.empty()) return m_store.blobs().remove(blobs.front().digest);
    return {};
}

Result<oci::Descriptor> LayerArchives::blob(const Layer& layer, std::string_view media_type) {
    const auto wanted = compression_of(media_type);
    if (!wanted)
        return fail({ErrorCode::unsupported, fmt::format("no layer media type: {}", media_type)});
    const auto held =
        m_locks.lock(fmt::format("{} {}", layer.row.diff_id.hex(), to_string(*wanted)));
    TRY_ASSIGN(const auto blobs, m_catalog.blobs(layer.row.diff_id));
    for (auto known : blobs) {
        if (compression_of(known.media_type) != wanted) continue;
        known.media_type = media_type;
        known.annotations.clear();
        return known;
    }
    TRY_ASSIGN(auto made, compress(layer, media_type));
    TRY(m_store.layer_rows().add_blob(layer.row.diff_id, made));
    return made;
}

Result<oci::Descriptor> LayerArchives::compress(const Layer& layer, std::string_view media_type) {
    TRY_ASSIGN(const auto blob, m_store.blobs().begin());
    BlobFileSink file(*blob);
    CompressOptions options;
    options.kind = compression_of(media_type).value();
    options.threads = 2;
    TRY_ASSIGN(const auto compressor, make_compressor(options, file));
    TRY(write_tar(layer, *compressor));
    TRY(compressor->finish());
    TRY_ASSIGN(auto made, blob->commit(nullptr));
    made.media_type = media_type;
    return made;
}

} // namespace mybuild
