#include "builder/copy/archive_source.hpp"

#include "base/fs.hpp"
#include "builder/copy/byte_sources.hpp"
#include "cache/store.hpp"
#include "image/compress.hpp"
#include "image/layer_tar.hpp"

#include <fmt/format.h>

#include <fcntl.h>

namespace mybuild {

Status ArchiveUnpacker::add(LayerEntry entry, ByteSource& content) {
    TRY_ASSIGN(auto path, target(entry.path));
    if (entry.type == EntryType::hard_link) {
        TRY_ASSIGN(const auto first, target(entry.link));
        return m_layout.unpack_link(first, path);
    }
    entry.path = std::move(path);
    OpenContent open;
    if (entry.type == EntryType::file) {
        TRY_ASSIGN(const auto piece, m_spool.append(content));
        entry.size = piece.size;
        entry.content = piece.digest;
        open = [fd = m_spool.fd(), piece]() -> Result<std::unique_ptr<ByteSource>> {
            return std::make_unique<FileRangeSource>(fd, piece.offset, piece.size);
        };
    }
    return m_layout.unpack(std::move(entry), std::move(open));
}

/// Where an entry of the archive comes to stand: links in the way are followed as if the
/// destination were the root; a relative one that leads out of it is an error, as in Docker since
/// CVE-2026-17106.
Result<std::string> ArchiveUnpacker::target(const std::string& path) const {
    TRY_ASSIGN(auto directory, m_layout.resolve(parent_path(path), true, m_destination));
    const auto name = std::string(base_name(path));
    return directory.empty() ? name : directory + "/" + name;
}

Result<Spool> Spool::create(Store& store) {
    TRY_ASSIGN(const auto directory, store.scratch_dir());
    TRY_ASSIGN(auto fd, fs::open_at(directory.fd, ".", O_TMPFILE | O_RDWR, 0600));
    return Spool(std::move(fd));
}

Result<Spool::Piece> Spool::append(ByteSource& content) {
    Piece piece{m_size, 0, {}};
    Sha256 hasher;
    std::vector<std::byte> buffer(std::size_t{256} * 1024);
    for (;;) {
        TRY_ASSIGN(const auto got, content.read(buffer));
        if (got == 0) break;
        const auto bytes = std::span(buffer).first(got);
        hasher.update(bytes);
        TRY(fs::write_all(m_fd.get(), {reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
        piece.size += got;
    }
    m_size += piece.size;
    piece.digest = hasher.finish();
    return piece;
}

Result<bool> unpack_archive(const SelectedSource& source, const std::string& destination,
                            Layout& layout, Spool& spool) {
    TRY_ASSIGN(const auto file, source.opener(source.nodes.front())());
    auto plain = make_decompressor(*file);
    if (!plain) return false;
    LayerTarReader reader(**plain, {}, TarKind::files);
    auto entry = reader.next();
    // What is no archive, or one without entries, is a file like any other.
    const bool refused = !entry && entry.error().code == ErrorCode::invalid;
    const bool begins = reader.root() || (entry && *entry) || refused;
    if (!begins) return false;

    const auto at = [&](Error error) {
        return fail(std::move(error).in(fmt::format("archive {}", source.name)));
    };
    TRY_ASSIGN(const auto top, layout.resolve(destination, true));
    TRY(layout.make_unpack_root(top));
    ArchiveUnpacker unpacker(top, layout, spool);
    for (;; entry = reader.next()) {
        if (!entry) return at(std::move(entry).error());
        if (!*entry) {
            if (auto end = finish_reading(**plain); !end) return at(std::move(end).error());
            return true;
        }
        if (auto added = unpacker.add(std::move(**entry), reader.content()); !added)
            return at(std::move(added).error());
    }
}

} // namespace mybuild
