#include "base/render.hpp"
#include "cache/layers/unpacker.hpp"
#include "image/byte_stream_io.hpp"

#include <fmt/format.h>

#include <map>

// The second step of unpacking: what the archive says of the layers below it.

namespace mybuild {
namespace {

bool is_directory(const std::optional<LayerEntry>& entry) {
    return entry && entry->type == EntryType::directory;
}

} // namespace

Result<std::vector<LayerEntry>> Unpacker::finish(const StageView& below,
                                                 const OpenLower& open_lower) {
    TRY(finish_links(below, open_lower));
    TRY(finish_deletions(below));
    finish_implied(below);
    auto entries = m_model.entries();
    TRY(write_directories(entries));
    return entries;
}

/// Hard links to files of lower layers: the file is copied, so that the layer stands on its own;
/// more names of the same file are links again.
Status Unpacker::finish_links(const StageView& below, const OpenLower& open_lower) {
    std::map<std::string, std::string> copies; // lower path → path here
    for (const auto& [path, wanted] : m_pending) {
        const auto refuse = [&, &name = path](std::string_view why) {
            return fail(
                {ErrorCode::corrupt, fmt::format("layer archive: {} is a hard link to {}: {}",
                                                 printable(name), printable(wanted), why)});
        };
        auto resolved = below.resolve(wanted, false);
        if (!resolved || !resolved->entry) {
            // An archive may name a file that comes later in it.
            const auto* later = m_model.find(wanted);
            if (later == nullptr || m_pending.contains(wanted))
                return refuse("there is no such file");
            if (m_model.is_directory(wanted)) return refuse("it is a directory");
            TRY(m_writer.make_link(wanted, path));
            m_model.link(*later, path);
            continue;
        }
        if (is_directory(resolved->entry)) return refuse("it is a directory");
        const auto [copy, is_first] = copies.try_emplace(resolved->path, path);
        if (is_first) {
            TRY(copy_lower(path, *resolved->entry, open_lower));
        } else {
            TRY(m_writer.make_link(copy->second, path));
            m_model.link(*m_model.find(copy->second), path);
        }
    }
    return {};
}

Status Unpacker::copy_lower(const std::string& path, const LayerEntry& target,
                            const OpenLower& open_lower) {
    auto copy = target;
    copy.path = path;
    if (copy.type == EntryType::file) {
        TRY_ASSIGN(auto file, open_lower(target.path));
        FdSource bytes(std::move(file), printable(target.path));
        TRY(m_writer.make_file(copy, bytes));
    } else {
        TRY(m_writer.make_special(copy));
    }
    m_model.add(path, std::move(copy));
    return {};
}

/// Whiteouts and opaque marks of what is not there below say nothing and are left out.
Status Unpacker::finish_deletions(const StageView& below) {
    if (m_opaque.contains(std::string_view())) {
        // overlayfs has no opaque root: every name of below is deleted one by one.
        m_opaque.clear();
        m_deleted.clear();
        for (auto& name : below.children(""))
            m_deleted.insert(std::move(name));
    }
    for (const auto& path : m_deleted)
        TRY(delete_below(path, below));
    for (const auto& path : m_opaque)
        TRY(hide_below(path, below));
    return {};
}

Status Unpacker::hide_below(const std::string& path, const StageView& below) {
    if (m_deleted.contains(path) || parent_hides(path) || !is_directory(below.find(path)))
        return {};
    if (m_model.find(path) == nullptr) TRY(resolve(path, true));
    auto& inode = m_model.inode(*m_model.find(path));
    // A file in its place hides as much as an opaque directory would.
    if (inode.type == EntryType::directory) inode.opaque = true;
    return {};
}

Status Unpacker::delete_below(const std::string& path, const StageView& below) {
    if (parent_hides(path)) return {};
    const auto gone = below.find(path);
    if (!gone) return {};
    const auto* node = m_model.find(path);
    if (node != nullptr) { // the layer has something of its own in the place
        auto& inode = m_model.inode(*node);
        if (inode.type == EntryType::directory && is_directory(gone)) inode.opaque = true;
        return {};
    }
    TRY(resolve(parent_path(path), true));
    LayerEntry whiteout;
    whiteout.path = path;
    whiteout.type = EntryType::whiteout;
    TRY(m_writer.make_special(whiteout));
    m_model.add(path, std::move(whiteout));
    return {};
}

/// Directories without an entry of their own are as they are below, where they show; else 0755,
/// owned by root, and as old as anything can be, since no clock may enter a layer.
void Unpacker::finish_implied(const StageView& below) {
    for (auto& [path, node] : m_model.nodes()) {
        if (!node.implied || hidden_below(path)) continue;
        const auto entry = below.find(path);
        if (!is_directory(entry)) continue;
        auto& inode = m_model.inode(node);
        const bool opaque = inode.opaque;
        inode = *entry;
        inode.opaque = opaque;
    }
}

/// Children first: whatever is made or changed in a directory changes its time.
Status Unpacker::write_directories(const std::vector<LayerEntry>& entries) {
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry)
        if (entry->type == EntryType::directory) TRY(m_writer.set_directory(*entry));
    return {};
}

} // namespace mybuild
