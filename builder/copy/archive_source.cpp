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
    if (entry.type == EntryType::whiteout) {
        return fail({ErrorCode::invalid,
                     fmt::format("the archive has a file .wh.{}, a name that image layers use for "
                                 "deletions",
                                 base_name(entry.path))});
    }
    TRY_ASSIGN(auto path, target(entry.path));
    if (entry.type == EntryType::hard_link) return add_hard_link(std::move(entry), std::move(path));
    entry.path = path;
    OpenContent open;
    if (entry.type == EntryType::file) {
        TRY_ASSIGN(const auto piece, m_spool.append(content));
        entry.size = piece.size;
        entry.content = piece.digest;
        open = opener(piece);
        m_files[path] = {entry, piece};
    }
    return m_layout.unpack(std::move(entry), std::move(open));
}

/// Where an entry of the archive comes to stand: links in the way are followed inside the stage.
Result<std::string> ArchiveUnpacker::target(const std::string& path) const {
    const auto above = fmt::format("{}/{}", m_destination, parent_path(path));
    TRY_ASSIGN(auto directory, m_layout.resolve(above, true));
    const auto name = std::string(base_name(path));
    return directory.empty() ? name : directory + "/" + name;
}

OpenContent ArchiveUnpacker::opener(const Spool::Piece& piece) const {
    return [fd = m_spool.fd(), piece]() -> Result<std::unique_ptr<ByteSource>> {
        return std::make_unique<FileRangeSource>(fd, piece.offset, piece.size);
    };
}

Status ArchiveUnpacker::add_hard_link(LayerEntry entry, std::string path) {
    TRY_ASSIGN(const auto first, target(entry.link));
    const auto known = m_files.find(first);
    if (known == m_files.end()) {
        return fail(
            {ErrorCode::invalid,
             fmt::format("the archive's {} is a hard link to {}, which is not a file of the "
                         "archive before it",
                         entry.path, entry.link)});
    }
    auto copy = known->second;
    copy.entry.path = path;
    m_files[path] = copy;
    return m_layout.unpack_link(first, std::move(copy.entry), opener(copy.piece));
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
    LayerTarReader reader(**plain);
    auto entry = reader.next();
    // What is no archive, or one without entries, is a file like any other.
    if (!entry || (!*entry && !reader.root())) return false;

    TRY_ASSIGN(const auto top, layout.resolve(destination, true));
    TRY(layout.make_directories(top));
    ArchiveUnpacker unpacker("/" + top, layout, spool);
    while (*entry) {
        TRY(unpacker.add(std::move(**entry), reader.content()));
        entry = reader.next();
        if (!entry)
            return fail(std::move(entry).error().in(fmt::format("archive {}", source.name)));
    }
    return true;
}

} // namespace mybuild
