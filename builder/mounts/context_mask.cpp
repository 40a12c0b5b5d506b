#include "builder/mounts/context_mask.hpp"

#include "base/fs.hpp"
#include "cache/layers/tree_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <map>
#include <optional>
#include <sys/stat.h>
#include <unordered_set>

namespace mybuild {
namespace {

/// What a node is on the machine.
struct Facts {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint64_t mount = 0; ///< which mount it is on
    std::uint32_t mode = 0;  ///< type and permission bits
};

Error gone(const std::string& path) {
    return {ErrorCode::not_found,
            fmt::format("{} has gone from the build context", path),
            {},
            "do not change the context while a build reads it"};
}

class MaskMaker {
  public:
    MaskMaker(int directory, const MountedTree& mounted)
        : m_directory(directory), m_mounted(mounted), m_directories(directory) {}

    Result<ContextMask> run() {
        TRY(look());
        choose_owner();
        for (std::size_t i = 0; i < m_mounted.nodes.size(); ++i)
            if (is_odd(i)) take(i);
        if (m_mounted.is_directory()) TRY(hide_what_is_not_there());
        finish();
        return std::move(m_mask);
    }

  private:
    /// The path below `directory`.
    [[nodiscard]] std::string below(const std::string& path) const {
        if (!m_mounted.is_directory()) return std::string(base_name(path));
        const auto prefix = m_mounted.root.empty() ? 0 : m_mounted.root.size() + 1;
        return path.substr(std::min(prefix, path.size()));
    }

    Result<Facts> facts_of(const std::string& path) {
        const auto relative = below(path);
        int dir = m_directory;
        std::string name = ".";
        if (!relative.empty()) {
            TRY_ASSIGN(dir, m_directories.open(parent_path(relative)));
            name = base_name(relative);
        }
        struct statx info {};
        if (::statx(dir, name.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
                    STATX_BASIC_STATS | STATX_MNT_ID, &info) != 0) {
            if (errno == ENOENT || errno == ENOTDIR) return fail(gone(path));
            return fail(
                errno_error(fmt::format("cannot read {} in the build context", path), errno));
        }
        return Facts{info.stx_uid, info.stx_gid, info.stx_mnt_id, info.stx_mode};
    }

    Status look() {
        struct statx info {};
        if (::statx(m_directory, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &info) != 0)
            return fail(errno_error("cannot read the build context", errno));
        m_mount = info.stx_mnt_id;
        m_facts.reserve(m_mounted.nodes.size());
        for (const auto& node : m_mounted.nodes) {
            TRY_ASSIGN(const auto facts, facts_of(node.entry.path));
            m_facts.push_back(facts);
        }
        return {};
    }

    void choose_owner() {
        std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t> counts;
        for (const auto& facts : m_facts)
            ++counts[{facts.uid, facts.gid}];
        const auto most =
            std::max_element(counts.begin(), counts.end(),
                             [](auto& one, auto& other) { return one.second < other.second; });
        if (most != counts.end()) std::tie(m_mask.uid, m_mask.gid) = most->first;
    }

    [[nodiscard]] bool is_odd(std::size_t i) const {
        const auto& facts = m_facts[i];
        const auto& node = m_mounted.nodes[i];
        const bool plain = S_ISREG(facts.mode) || S_ISDIR(facts.mode) || S_ISLNK(facts.mode);
        return facts.uid != m_mask.uid || facts.gid != m_mask.gid || facts.mount != m_mount ||
               !plain || (facts.mode & 07777U) != node.entry.mode;
    }

    /// A directory on which another file system is mounted: an overlay shows what is below it
    /// there.
    [[nodiscard]] bool is_mount_point(std::size_t i) const {
        return S_ISDIR(m_facts[i].mode) && m_facts[i].mount != m_mount;
    }

    /// Puts a node into the mask, with the directories that lead to it.
    void take(std::size_t i) {
        const auto& node = m_mounted.nodes[i];
        if (!m_over.emplace(node.entry.path, node).second) return;
        if (is_mount_point(i)) m_over.at(node.entry.path).entry.opaque = true;
        take_parents(node.entry.path);
    }

    void take_parents(const std::string& path) {
        if (!m_mounted.is_directory() || path == m_mounted.root) return;
        const auto parent = std::string(parent_path(path));
        const auto at = std::lower_bound(m_mounted.nodes.begin(), m_mounted.nodes.end(), parent,
                                         [](const SourceNode& node, const std::string& wanted) {
                                             return compare_paths(node.entry.path, wanted) < 0;
                                         });
        take(static_cast<std::size_t>(at - m_mounted.nodes.begin()));
    }

    Status hide_what_is_not_there() {
        std::unordered_set<std::string_view> shown;
        for (const auto& node : m_mounted.nodes)
            shown.insert(node.entry.path);
        for (std::size_t i = 0; i < m_mounted.nodes.size(); ++i) {
            const auto& path = m_mounted.nodes[i].entry.path;
            if (!S_ISDIR(m_facts[i].mode) || is_mount_point(i)) continue;
            TRY_ASSIGN(const int at, m_directories.open(below(path)));
            TRY_ASSIGN(const auto dir, fs::open_at(at, ".", O_RDONLY | O_DIRECTORY));
            TRY_ASSIGN(const auto names, fs::list_dir(dir.get()));
            for (const auto& name : names) {
                SourceNode hidden;
                hidden.entry.path = path.empty() ? name : path + "/" + name;
                if (shown.contains(hidden.entry.path)) continue;
                hidden.entry.type = EntryType::whiteout;
                take_parents(hidden.entry.path);
                m_over.emplace(hidden.entry.path, hidden);
            }
        }
        return {};
    }

    void finish() {
        m_mask.over.root = m_mounted.root;
        for (auto& [path, node] : m_over)
            m_mask.over.nodes.push_back(std::move(node));
    }

    struct PathLess {
        bool operator()(const std::string& a, const std::string& b) const {
            return compare_paths(a, b) < 0;
        }
    };

    int m_directory;
    const MountedTree& m_mounted;
    tree::Directories m_directories;
    std::uint64_t m_mount = 0;
    std::vector<Facts> m_facts; ///< of each node
    std::map<std::string, SourceNode, PathLess> m_over;
    ContextMask m_mask;
};

} // namespace

Result<ContextMask> make_mask(int directory, const MountedTree& mounted) {
    return MaskMaker(directory, mounted).run();
}

} // namespace mybuild
