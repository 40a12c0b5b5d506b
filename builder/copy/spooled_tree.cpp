#include "builder/copy/spooled_tree.hpp"

#include "image/byte_stream_io.hpp"
#include "image/compress.hpp"
#include "image/layer_tar_header.hpp"

#include <algorithm>

namespace mybuild {
namespace {

constexpr std::size_t checksum_offset = 148; // of the header's checksum (POSIX.1, ustar), 8 bytes
constexpr std::size_t checksum_size = 8;

Error no_archive(const std::string& name) {
    return Error{ErrorCode::invalid, name + ": there is no tar with files in it"}.with_hint(
        "it is to be a tar, plain or compressed with gzip, bzip2, xz or zstd");
}

Status unpack_all(LayerTarReader& reader, ArchiveUnpacker& unpacker, const std::string& name) {
    for (bool first = true;; first = false) {
        auto entry = reader.next();
        if (!entry) return fail(std::move(entry).error().in(name));
        if (!*entry) {
            if (first && !reader.root()) return fail(no_archive(name));
            return {};
        }
        if (auto added = unpacker.add(std::move(**entry), reader.content()); !added)
            return fail(std::move(added).error().in(name));
    }
}

} // namespace

std::shared_ptr<SpooledTree> SpooledTree::empty(TreeLabel label) {
    return std::shared_ptr<SpooledTree>(new SpooledTree(StageView(), std::move(label)));
}

Result<std::shared_ptr<SpooledTree>> SpooledTree::unpack(ByteSource& archive, Spool spool,
                                                         TreeLabel label, const TarLimits& limits) {
    auto plain = make_decompressor(archive);
    if (!plain) return fail(std::move(plain).error().in(label.name));
    LayerTarReader reader(**plain, limits, TarKind::files);
    Layout layout(StageView(), {.owner = Owner{}});
    ArchiveUnpacker unpacker("", layout, spool);
    TRY(unpack_all(reader, unpacker, label.name));
    if (auto end = finish_reading(**plain); !end)
        return fail(std::move(end).error().in("the archive is damaged").in(label.name));
    return make(layout.finish(), std::move(spool), std::move(label));
}

Result<std::shared_ptr<SpooledTree>> SpooledTree::make(std::vector<PlannedEntry> entries,
                                                       Spool spool, TreeLabel label) {
    ListingBuilder builder;
    std::unordered_map<std::string, OpenContent> contents;
    for (auto& planned : entries) {
        if (planned.entry.type == EntryType::hard_link) {
            const auto first = contents.find(planned.entry.link);
            if (first != contents.end()) planned.open = first->second;
        }
        TRY(builder.add(planned.entry));
        if (planned.open) contents.emplace(planned.entry.path, std::move(planned.open));
    }
    TRY_ASSIGN(auto listing, Listing::from_bytes(builder.finish()));
    std::shared_ptr<SpooledTree> tree(
        new SpooledTree(StageView({std::move(listing)}), std::move(label)));
    tree->m_spool = std::move(spool);
    tree->m_contents = std::move(contents);
    return tree;
}

Result<std::unique_ptr<ByteSource>> SpooledTree::open(const std::string& path) {
    const auto found = m_contents.find(path);
    if (found == m_contents.end()) return std::make_unique<MemorySource>("");
    return found->second();
}

bool looks_like_archive(std::string_view start) {
    if (detect_compression(std::as_bytes(std::span(start))) != Compression::none) return true;
    if (start.size() < tar::block_size) return false;
    // The sum of the header's bytes, its own field counting as blanks, stands in it in octal.
    unsigned sum = checksum_size * unsigned{' '};
    for (std::size_t at = 0; at < tar::block_size; ++at)
        if (at < checksum_offset || at >= checksum_offset + checksum_size)
            sum += static_cast<unsigned char>(start[at]);
    unsigned written = 0;
    bool any = false;
    for (const char digit : start.substr(checksum_offset, checksum_size)) {
        if (digit == ' ' && !any) continue;
        if (digit < '0' || digit > '7') break;
        written = written * 8 + static_cast<unsigned>(digit - '0');
        any = true;
    }
    return any && written == sum;
}

} // namespace mybuild
