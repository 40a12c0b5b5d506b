#include "builder/copy/layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace mybuild {
namespace {

constexpr int max_links = 255; // as the kernel's path walk gives up after 40, BuildKit's after 255

std::string joined(std::string_view directory, std::string_view name) {
    if (directory.empty()) return std::string(name);
    return name.empty() ? std::string(directory) : fmt::format("{}/{}", directory, name);
}

/// Puts the components of `path` on the stack, the first one on top.
void push_components(std::vector<std::string>& stack, std::string_view path) {
    std::vector<std::string> parts;
    for (std::size_t at = 0; at < path.size();) {
        const auto end = std::min(path.find('/', at), path.size());
        const auto part = path.substr(at, end - at);
        if (!part.empty() && part != ".") parts.emplace_back(part);
        at = end + 1;
    }
    stack.insert(stack.end(), parts.rbegin(), parts.rend());
}

} // namespace

Layout::Layout(StageView below, LayoutOptions options)
    : m_below(std::move(below)), m_options(std::move(options)) {}

std::optional<LayerEntry> Layout::find(std::string_view path) const {
    if (const auto planned = m_planned.find(path); planned != m_planned.end())
        return planned->second.entry;
    // The nearest planned ancestor may hide what the stage has here.
    for (auto up = path; !up.empty();) {
        up = parent_path(up);
        const auto planned = m_planned.find(up);
        if (planned == m_planned.end()) continue;
        const auto& entry = planned->second.entry;
        if (entry.type != EntryType::directory || entry.opaque) return std::nullopt;
        const auto old = m_below.find(up);
        if (!old || old->type != EntryType::directory) return std::nullopt;
        break;
    }
    return m_below.find(path);
}

bool Layout::is_directory(std::string_view path) const {
    const auto entry = find(path);
    return entry && entry->type == EntryType::directory;
}

Result<std::string> Layout::resolve(std::string_view path, bool follow_last,
                                    std::optional<std::string_view> root) const {
    std::vector<std::string> todo;
    push_components(todo, path);
    const std::string top(root.value_or(""));
    auto done = top;
    for (int links = 0; !todo.empty();) {
        const auto part = std::move(todo.back());
        todo.pop_back();
        if (part == "..") {
            if (done != top)
                done = parent_path(done);
            else if (root)
                return fail({ErrorCode::invalid,
                             fmt::format("a symbolic link in {} leads out of /{}", path, top)});
            continue;
        }
        auto next = joined(done, part);
        const auto entry = find(next);
        const bool follow =
            entry && entry->type == EntryType::symlink && (follow_last || !todo.empty());
        if (!follow) {
            done = std::move(next);
            continue;
        }
        if (++links > max_links)
            return fail({ErrorCode::invalid, fmt::format("too many symbolic links in /{}", path)});
        if (entry->link.starts_with('/')) done = top;
        push_components(todo, entry->link);
    }
    return done;
}

LayerEntry Layout::plain_directory(const std::string& path) const {
    LayerEntry entry;
    entry.path = path;
    entry.type = EntryType::directory;
    entry.mode = 0755;
    entry.mtime = m_options.now;
    return entry;
}

LayerEntry Layout::new_directory(const std::string& path) const {
    auto entry = plain_directory(path);
    // Other builders make it by mkdir(2), which does not take the bits above.
    if (m_options.chmod && m_options.chmod_is_octal)
        entry.mode = m_options.chmod(entry.mode, true) & 0777U;
    if (m_options.owner) {
        entry.uid = m_options.owner->uid;
        entry.gid = m_options.owner->gid;
    }
    return entry;
}

LayerEntry Layout::dressed(const LayerEntry& source, const std::string& path) const {
    auto entry = source;
    entry.path = path;
    entry.opaque = false;
    if (m_options.owner) {
        entry.uid = m_options.owner->uid;
        entry.gid = m_options.owner->gid;
    }
    if (m_options.chmod && entry.type != EntryType::symlink)
        entry.mode = m_options.chmod(entry.mode, entry.type == EntryType::directory);
    return entry;
}

Status Layout::make_missing(const std::string& path, const MakeDirectory& make) {
    for (std::size_t end = 0; end < path.size();) {
        end = std::min(path.find('/', end + 1), path.size());
        auto directory = path.substr(0, end);
        const auto entry = find(directory);
        if (!entry) {
            auto made = make(directory);
            m_planned.insert_or_assign(std::move(directory), PlannedEntry{std::move(made)});
        } else if (entry->type != EntryType::directory) {
            return fail({ErrorCode::invalid, fmt::format("mkdir /{}: not a directory", directory)});
        }
    }
    return {};
}

Status Layout::make_directories(const std::string& path) {
    return make_missing(path, [this](const std::string& one) { return new_directory(one); });
}

Status Layout::make_unpack_root(const std::string& path) {
    return make_missing(path, [this](const std::string& one) {
        auto entry = new_directory(one);
        entry.mode = 0755;
        return entry;
    });
}

Status Layout::put(const std::string& path, PlannedEntry planned) {
    if (path.empty() || is_directory(path)) {
        return fail(
            {ErrorCode::invalid, fmt::format("cannot replace to directory /{} with file", path)});
    }
    TRY(make_directories(std::string(parent_path(path))));
    m_planned.insert_or_assign(path, std::move(planned));
    return {};
}

Status Layout::put_file(const std::string& path, const SourceNode& node, OpenContent open) {
    return put(path, {dressed(node.entry, path), std::move(open)});
}

/// An existing destination keeps owner and mode, a new one is plain; both take the source's time.
Status Layout::merge_top(const std::string& path, const LayerEntry& source) {
    if (path.empty()) return {};
    const auto old = find(path);
    if (old && old->type != EntryType::directory)
        return fail({ErrorCode::invalid, fmt::format("cannot copy to non-directory: /{}", path)});
    TRY(make_directories(path));
    auto entry = *find(path);
    // The root of a stage or archive may have no time of its own.
    if (source.mtime != 0) entry.mtime = source.mtime;
    m_planned.insert_or_assign(path, PlannedEntry{std::move(entry)});
    return {};
}

/// A directory below the destination takes the source's attributes, but of one that was there
/// already those stay that the source does not have.
Status Layout::merge_child(const std::string& path, const SourceNode& node) {
    const auto old = find(path);
    if (!old) {
        m_planned.insert_or_assign(path, PlannedEntry{dressed(node.entry, path)});
        return {};
    }
    if (old->type != EntryType::directory)
        return fail({ErrorCode::invalid, fmt::format("cannot copy to non-directory: /{}", path)});
    auto entry = *old;
    if (node.on_the_way) {
        entry.mode = node.entry.mode; // all that BuildKit changes of such a directory
    } else {
        entry = dressed(node.entry, path);
        entry.opaque = old->opaque; // by an archive of the same step
        for (const auto& xattr : old->xattrs)
            if (std::ranges::find(entry.xattrs, xattr.name, &Xattr::name) == entry.xattrs.end())
                entry.xattrs.push_back(xattr);
        std::sort(entry.xattrs.begin(), entry.xattrs.end());
    }
    m_planned.insert_or_assign(path, PlannedEntry{std::move(entry)});
    return {};
}

Status Layout::merge_directory(const std::string& path, const std::vector<SourceNode>& nodes,
                               const std::function<OpenContent(const SourceNode&)>& open) {
    TRY(merge_top(path, nodes.front().entry));
    std::unordered_map<std::uint64_t, std::uint64_t> groups; // by the source's numbers
    for (const auto& node : nodes) {
        if (node.entry.path.empty()) continue;
        const auto target = joined(path, node.entry.path);
        if (node.entry.type == EntryType::directory) {
            TRY(merge_child(target, node));
            continue;
        }
        PlannedEntry planned{dressed(node.entry, target), open(node)};
        if (node.inode_group != 0) {
            const auto [group, is_new] = groups.emplace(node.inode_group, m_next_group);
            if (is_new) ++m_next_group;
            planned.inode_group = group->second;
        }
        TRY(put(target, std::move(planned)));
    }
    return {};
}

void Layout::replace(const std::string& path) {
    auto at = m_planned.lower_bound(path);
    const auto prefix = path + "/";
    while (at != m_planned.end() && (at->first == path || at->first.starts_with(prefix)))
        at = m_planned.erase(at);
}

Status Layout::unpack(LayerEntry entry, OpenContent open) {
    const auto path = entry.path;
    TRY(make_missing(std::string(parent_path(path)),
                     [this](const std::string& one) { return plain_directory(one); }));
    const auto earlier = m_planned.find(path);
    // A directory that comes after a file of the same archive which had replaced a directory of the
    // stage: what was in that one must not shine through again.
    const bool hides =
        earlier != m_planned.end() &&
        (earlier->second.entry.type != EntryType::directory || earlier->second.entry.opaque);
    const auto old = m_below.find(path);
    const bool is_directory_entry = entry.type == EntryType::directory;
    if (!is_directory_entry || !is_directory(path)) replace(path);
    entry.opaque = is_directory_entry && hides && old && old->type == EntryType::directory;
    if (m_options.owner) {
        entry.uid = m_options.owner->uid;
        entry.gid = m_options.owner->gid;
    }
    m_planned.insert_or_assign(path, PlannedEntry{std::move(entry), std::move(open)});
    return {};
}

Status Layout::unpack_link(const std::string& first, const std::string& path) {
    if (path == first) return {};
    auto entry = find(first);
    if (!entry || entry->type == EntryType::directory) {
        return fail(
            {ErrorCode::invalid, fmt::format("/{} is a hard link to /{}, {}", path, first,
                                             entry ? "a directory" : "which is not there")});
    }
    entry->path = path;
    // A layer cannot link to a file of another one: it has the file once more.
    if (!m_planned.contains(first) && entry->type == EntryType::file) {
        PlannedEntry again{*entry, [from = m_options.open_below, first] { return from(first); }};
        again.entry.path = first;
        if (m_options.owner) {
            again.entry.uid = m_options.owner->uid;
            again.entry.gid = m_options.owner->gid;
        }
        m_planned.emplace(first, std::move(again));
    }
    const auto planned = m_planned.find(first);
    if (planned == m_planned.end()) return unpack(std::move(*entry), {});
    auto open = planned->second.open;
    std::uint64_t group = 0;
    if (entry->type == EntryType::file) {
        if (planned->second.inode_group == 0) planned->second.inode_group = m_next_group++;
        group = planned->second.inode_group;
    }
    TRY(unpack(std::move(*entry), std::move(open)));
    m_planned.find(path)->second.inode_group = group;
    return {};
}

void Layout::link_groups(std::vector<PlannedEntry>& entries) const {
    std::unordered_map<std::uint64_t, std::string> first;
    for (auto& planned : entries) {
        if (planned.inode_group == 0) continue;
        const auto [known, is_first] = first.emplace(planned.inode_group, planned.entry.path);
        if (is_first) continue;
        planned.entry.type = EntryType::hard_link;
        planned.entry.link = known->second;
        planned.entry.size = 0;
        planned.entry.content = {};
        planned.open = nullptr;
    }
}

std::vector<PlannedEntry> Layout::finish() {
    std::vector<std::string> missing;
    std::string_view last = "/"; // no entry's parent
    for (const auto& [path, planned] : m_planned) {
        auto up = parent_path(path);
        if (up == last) continue;
        last = up;
        for (; !up.empty() && !m_planned.contains(up); up = parent_path(up))
            missing.emplace_back(up);
    }
    for (auto& path : missing) {
        if (m_planned.contains(path)) continue;
        auto entry = m_below.find(path).value_or(new_directory(path));
        entry.opaque = false;
        entry.path = path;
        m_planned.emplace(std::move(path), PlannedEntry{std::move(entry)});
    }
    std::vector<PlannedEntry> out;
    out.reserve(m_planned.size());
    for (auto& [path, planned] : m_planned)
        out.push_back(std::move(planned));
    m_planned.clear();
    link_groups(out);
    return out;
}

} // namespace mybuild
