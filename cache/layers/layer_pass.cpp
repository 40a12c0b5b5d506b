#include "cache/layers/layer_pass.hpp"

#include "base/render.hpp"
#include "cache/layers/hard_links.hpp"
#include "cache/layers/tree_files.hpp"
#include "image/byte_stream_io.hpp"

#include <fmt/format.h>

namespace mybuild {
namespace {

/// passwd(5) files are read no further than this either (base/passwd.hpp).
constexpr std::uint64_t max_kept = 10 * 1024 * 1024;

const Digest& digest_of_nothing() {
    static const Digest digest = Digest::of("");
    return digest;
}

} // namespace

void clear_unused(LayerEntry& entry) {
    if (entry.type == EntryType::whiteout) {
        LayerEntry bare;
        bare.path = std::move(entry.path);
        bare.type = EntryType::whiteout;
        entry = std::move(bare);
    }
    if (entry.type == EntryType::symlink) entry.mode = 0777;
    if (entry.type == EntryType::hard_link) entry.xattrs.clear();
    if (entry.type != EntryType::file) {
        entry.content = {};
        entry.size = 0;
    }
    if (entry.type != EntryType::char_device && entry.type != EntryType::block_device)
        entry.device_major = entry.device_minor = 0;
    if (entry.type != EntryType::symlink && entry.type != EntryType::hard_link) entry.link.clear();
    std::erase_if(entry.xattrs, [](const Xattr& xattr) { return !is_layer_xattr(xattr.name); });
}

LayerPass::LayerPass(ByteSink* archive)
    : m_tee(archive == nullptr ? std::nullopt : std::make_optional<TeeSink>(m_hash, *archive)),
      m_tar(m_tee ? static_cast<ByteSink&>(*m_tee) : m_hash) {}

Status LayerPass::add(LayerEntry entry, ByteSource* content) {
    clear_unused(entry);
    if (entry.type == EntryType::hard_link) {
        const auto first = m_listing.find(entry.link);
        if (first) entry = hard_link_to(*first, std::move(entry.path)); // else add() refuses it
    }
    if (entry.type == EntryType::file) {
        TRY(add_file(entry, content));
    } else {
        TRY(m_tar.add(entry, nullptr));
    }
    return m_listing.add(entry);
}

Status LayerPass::add_file(LayerEntry& entry, ByteSource* content) {
    Digest digest = digest_of_nothing();
    if (content == nullptr || entry.size == 0) {
        TRY(m_tar.add(entry, content));
        if (keeps_bytes(entry.path)) m_listing.keep(entry.path, "");
    } else if (keeps_bytes(entry.path) && entry.size <= max_kept) {
        StringSink bytes;
        TRY(copy_bytes(*content, bytes));
        MemorySource again(bytes.str());
        TRY(m_tar.add(entry, &again));
        digest = Digest::of(bytes.str());
        m_listing.keep(entry.path, bytes.take());
    } else {
        HashingSource hashing(*content);
        TRY(m_tar.add(entry, &hashing));
        digest = hashing.finish();
    }
    if (entry.content != Digest{} && entry.content != digest)
        return fail(Error{ErrorCode::invalid,
                          fmt::format("{} changed while it was read", printable(entry.path))}
                        .with_hint("build again when nothing writes to it"));
    entry.content = digest;
    return {};
}

Result<PassedLayer> LayerPass::finish() {
    TRY(m_tar.finish());
    PassedLayer passed;
    passed.diff_id = m_hash.finish();
    passed.tar_size = m_hash.count();
    TRY_ASSIGN(passed.listing, Listing::from_bytes(m_listing.finish()));
    return passed;
}

Result<PassedLayer> pass_tree(int root, std::vector<LayerEntry> entries) {
    LayerPass pass(nullptr);
    tree::Directories directories(root);
    for (auto& entry : entries) {
        if (entry.type != EntryType::file || entry.size == 0) {
            TRY(pass.add(std::move(entry), nullptr));
            continue;
        }
        TRY_ASSIGN(const int dir, directories.open(parent_path(entry.path)));
        TRY_ASSIGN(auto file, tree::open_file(dir, std::string(base_name(entry.path))));
        FdSource content(std::move(file), printable(entry.path));
        TRY(pass.add(std::move(entry), &content));
    }
    return pass.finish();
}

Status write_tar_of_tree(int root, const Listing& listing, ByteSink& out) {
    LayerTarWriter tar(out);
    tree::Directories directories(root);
    for (std::size_t i = 0; i < listing.size(); ++i) {
        const auto entry = listing.entry(i);
        if (entry.type != EntryType::file || entry.size == 0) {
            TRY(tar.add(entry, nullptr));
            continue;
        }
        TRY_ASSIGN(const int dir, directories.open(parent_path(entry.path)));
        TRY_ASSIGN(auto file, tree::open_file(dir, std::string(base_name(entry.path))));
        FdSource content(std::move(file), printable(entry.path));
        TRY(tar.add(entry, &content));
    }
    return tar.finish();
}

} // namespace mybuild
