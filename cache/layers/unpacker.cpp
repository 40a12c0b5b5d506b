#include "cache/layers/unpacker.hpp"

#include "base/render.hpp"
#include "cache/layers/listing_cursor.hpp"
#include "cache/layers/pending_components.hpp"
#include "image/byte_stream_io.hpp"

#include <fmt/format.h>

#include <deque>

namespace mybuild {
namespace {

constexpr int max_links = 255;

tl::unexpected<Error> refuse(std::string_view path, std::string_view why) {
    return fail({ErrorCode::corrupt, fmt::format("layer archive: {}: {}", printable(path), why)});
}

LayerEntry implied_directory() {
    LayerEntry entry;
    entry.type = EntryType::directory;
    entry.mode = 0755;
    return entry;
}

std::string join(std::string_view directory, std::string_view name) {
    if (directory.empty()) return std::string(name);
    return fmt::format("{}/{}", directory, name);
}

} // namespace

Unpacker::Unpacker(int root, const StageView* below, std::stop_token stop)
    : m_writer(root), m_below(below), m_stop(std::move(stop)) {}

Status Unpacker::unpack(ByteSource& tar, const TarLimits& limits) {
    LayerTarReader reader(tar, limits);
    for (;;) {
        if (m_stop.stop_requested()) return fail({ErrorCode::cancelled, "unpacking was cancelled"});
        TRY_ASSIGN(const auto entry, reader.next());
        if (!entry) return {};
        TRY(add(*entry, reader.content()));
    }
}

Status Unpacker::add(const LayerEntry& entry, ByteSource& content) {
    if (entry.type == EntryType::whiteout && entry.opaque) {
        TRY_ASSIGN(auto directory, resolve(entry.path, false));
        m_opaque.insert(std::move(directory));
        return {};
    }
    const bool makes = entry.type != EntryType::whiteout;
    TRY_ASSIGN(const auto parent, resolve(parent_path(entry.path), makes));
    auto path = join(parent, base_name(entry.path));
    switch (entry.type) {
    case EntryType::whiteout:
        m_deleted.insert(std::move(path));
        return {};
    case EntryType::directory:
        return add_directory(entry, path);
    case EntryType::hard_link:
        return add_hard_link(entry, path);
    case EntryType::char_device:
        // In a tree it would be a whiteout; archives have their own way to say so.
        if (entry.device_major == 0 && entry.device_minor == 0) return {};
        [[fallthrough]];
    default:
        break;
    }
    TRY(clear(path));
    auto made = entry;
    made.path = path;
    m_last_known = m_last_known && entry.type != EntryType::symlink;
    if (entry.type == EntryType::file) return add_file(std::move(made), content);
    TRY(m_writer.make_special(made));
    m_model.add(std::move(path), std::move(made));
    return {};
}

Status Unpacker::add_file(LayerEntry entry, ByteSource& content) {
    HashingSource hashing(content);
    TRY(m_writer.make_file(entry, hashing));
    entry.content = hashing.finish();
    m_model.add(entry.path, entry);
    return {};
}

Status Unpacker::add_directory(const LayerEntry& entry, const std::string& path) {
    if (!m_model.is_directory(path)) {
        TRY(clear(path));
        m_last_known = false;
        TRY(m_writer.make_directory(path));
        m_model.add(path, entry);
        return {};
    }
    auto& node = m_model.nodes().find(path)->second;
    node.implied = false;
    m_model.inode(node) = entry;
    return {};
}

Status Unpacker::add_hard_link(const LayerEntry& entry, const std::string& path) {
    TRY_ASSIGN(const auto parent, resolve(parent_path(entry.link), false));
    auto target = join(parent, base_name(entry.link));
    if (target == path) return {};
    const auto* node = m_model.find(target);
    if (node != nullptr && m_model.inode(*node).type == EntryType::directory)
        return refuse(entry.path, "it is a hard link to a directory");
    if (const auto pending = m_pending.find(target); pending != m_pending.end()) {
        target = pending->second;
        node = nullptr;
    }
    const auto inode = node == nullptr ? LayerModel::Node{} : *node;
    const bool here = node != nullptr;
    TRY(clear(path)); // it may hold the target
    if (here && m_model.find(target) == nullptr)
        return refuse(entry.path, "it is a hard link to something in its own place");
    if (here) {
        TRY(m_writer.make_link(target, path));
        m_model.link(inode, path);
    } else {
        m_model.add(path, LayerEntry{});
        m_pending.insert_or_assign(path, std::move(target));
    }
    return {};
}

/// Removes what this archive made at the path, whatever it is.
Status Unpacker::clear(const std::string& path) {
    if (m_model.find(path) == nullptr) return {};
    m_last_known = false;
    auto link = m_pending.lower_bound(path);
    while (link != m_pending.end() && is_at_or_below(link->first, path))
        link = m_pending.erase(link);
    m_model.remove(path);
    return m_writer.remove(path);
}

Status Unpacker::make_implied(const std::string& path) {
    TRY(m_writer.make_directory(path));
    m_model.add(path, implied_directory(), true);
    return {};
}

Result<std::string> Unpacker::resolve(std::string_view directory, bool make) {
    if (directory.empty()) return std::string();
    if (m_last_known && directory == m_last_directory) return m_last_resolved;
    TRY_ASSIGN(auto resolved, resolve_new(directory, make));
    if (make) {
        m_last_directory = directory;
        m_last_resolved = resolved;
        m_last_known = true;
    }
    return resolved;
}

Result<std::string> Unpacker::resolve_new(std::string_view directory, bool make) {
    std::deque<std::string> pending;
    push_front(pending, directory);
    std::string at;
    int links = 0;
    while (!pending.empty()) {
        const auto part = std::move(pending.front());
        pending.pop_front();
        if (part == "..") { // of a link's target; names of the archive have none
            at = parent_path(at);
            continue;
        }
        auto next = join(at, part);
        std::optional<std::string> link;
        const auto* node = m_model.find(next);
        if (node != nullptr) {
            const auto& inode = m_model.inode(*node);
            if (inode.type == EntryType::symlink)
                link = inode.link;
            else if (inode.type != EntryType::directory)
                return refuse(directory, fmt::format("{} is no directory", printable(next)));
        } else {
            const auto below =
                m_below == nullptr || hidden_below(next) ? std::nullopt : m_below->find(next);
            if (below && below->type == EntryType::symlink)
                link = below->link;
            else if (make)
                TRY(make_implied(next));
        }
        if (!link) {
            at = std::move(next);
            continue;
        }
        if (++links > max_links) return refuse(directory, "too many levels of symbolic links");
        if (link->starts_with('/')) at.clear();
        push_front(pending, *link);
    }
    return at;
}

/// Whether this layer deletes or hides what is at the path in the layers below.
bool Unpacker::hidden_below(std::string_view path) const {
    if (m_opaque.contains(std::string_view()) || m_deleted.contains(path)) return true;
    for (auto dir = parent_path(path); !dir.empty(); dir = parent_path(dir)) {
        if (m_deleted.contains(dir) || m_opaque.contains(dir)) return true;
        const auto* node = m_model.find(dir);
        if (node != nullptr && m_model.inode(*node).type != EntryType::directory) return true;
    }
    return false;
}

/// Whether nothing of the layers below shows in the directory that the path is in.
bool Unpacker::parent_hides(std::string_view path) const {
    const auto parent = parent_path(path);
    return !parent.empty() && (hidden_below(parent) || m_opaque.contains(parent));
}

bool Unpacker::must_follow_links_of(const StageView& below) const {
    if (m_below != nullptr) return false;
    for (const auto& [path, node] : m_model.nodes()) {
        if (!node.implied || hidden_below(path)) continue;
        const auto entry = below.find(path);
        if (entry && entry->type == EntryType::symlink) return true;
    }
    for (const auto* paths : {&m_deleted, &m_opaque})
        for (const auto& path : *paths) {
            const auto resolved = below.resolve(parent_path(path), true);
            if (resolved && resolved->path != parent_path(path)) return true;
        }
    return false;
}

} // namespace mybuild
