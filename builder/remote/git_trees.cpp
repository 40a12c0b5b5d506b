#include "builder/remote/git_trees.hpp"

#include "base/fs.hpp"
#include "base/render.hpp"
#include "builder/copy/byte_sources.hpp"
#include "builder/kept_layer.hpp"
#include "builder/remote/git_access.hpp"
#include "cache/key.hpp"
#include "cache/store.hpp"
#include "git/submodules.hpp"
#include "image/byte_stream_io.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <fcntl.h>

namespace mybuild {
namespace {

constexpr std::size_t max_entries = 4'000'000; // as of archives: a few objects can name billions
constexpr std::size_t max_path = 4096;         // PATH_MAX
constexpr int max_nesting = 32;                // of submodules

std::string join(const std::string& directory, const std::string& name) {
    return directory.empty() ? name : directory + "/" + name;
}

/// A submodule's repository. One that is named relative to where it is found is reached as that
/// one is.
Result<GitUrl> url_of(const GitUrl& outer, const std::string& written) {
    const bool is_scp = outer.remote.find("://") == std::string::npos;
    TRY_ASSIGN(
        const auto text,
        git::submodule_url(is_scp ? outer.user + "@" + outer.remote : outer.remote, written));
    TRY_ASSIGN(auto url, parse_git_remote(text));
    if (written.starts_with('.') && url.user.empty() && origin_of(url) == origin_of(outer)) {
        url.user = outer.user;
        url.password = outer.password;
    }
    return url;
}

/// Collects what a checkout of commits would write.
class Checkout {
  public:
    Checkout(const GitPorts& ports, const GitUrl& url, std::int64_t time, std::stop_token stop)
        : m_ports(ports), m_url(url), m_time(time), m_stop(std::move(stop)) {}

    /// All below `url.subdir` of a commit.
    Status add(const std::shared_ptr<git::Repository>& repository, const git::Commit& commit) {
        auto tree = commit.tree;
        std::string at;
        for (std::size_t from = 0; from < m_url.subdir.size();) {
            const auto end = std::min(m_url.subdir.find('/', from), m_url.subdir.size());
            const auto name = m_url.subdir.substr(from, end - from);
            at = join(at, name);
            TRY_ASSIGN(const auto entries, repository->tree(tree));
            const auto found = std::ranges::find(entries, name, &git::TreeEntry::name);
            if (found == entries.end() || found->type != git::TreeEntry::Type::directory)
                return fail(Error{ErrorCode::not_found, fmt::format("{} has no directory {}",
                                                                    m_url.remote, printable(at))}
                                .with_hint("check what follows `:` in the URL's fragment, or "
                                           "`subdir=`"));
            tree = found->id;
            from = end + 1;
        }
        Level level{repository, m_url, {}, 0};
        TRY(read_submodules(level, commit));
        return add_tree(level, tree, at, "");
    }

    /// A `.git` directory for the commit.
    Status add_git_dir(const std::shared_ptr<git::Repository>& repository,
                       const GitRevision& revision) {
        TRY_ASSIGN(const auto scratch, m_ports.store.scratch_dir());
        TRY_ASSIGN(auto made,
                   fs::TempDir::create(m_ports.store.root() + "/" + scratch.path, "git-"));
        const auto directory = std::make_shared<fs::TempDir>(std::move(made));
        TRY(repository->write_git_dir(revision.id, revision.name, m_url.remote, directory->path()));
        return add_directory(directory, "", ".git");
    }

    /// In canonical order.
    std::vector<PlannedEntry> take() {
        std::ranges::sort(m_entries, [](const PlannedEntry& a, const PlannedEntry& b) {
            return compare_paths(a.entry.path, b.entry.path) < 0;
        });
        return std::move(m_entries);
    }

  private:
    /// A repository inside others.
    struct Level {
        std::shared_ptr<git::Repository> repository;
        GitUrl url;
        std::vector<git::Submodule> submodules;
        int depth = 0;
    };

    PlannedEntry& new_entry(const std::string& path, EntryType type, std::uint32_t mode) {
        PlannedEntry planned;
        planned.entry.path = path;
        planned.entry.type = type;
        planned.entry.mode = mode;
        planned.entry.mtime = m_time;
        return m_entries.emplace_back(std::move(planned));
    }

    Status add_tree(const Level& level, const std::string& tree, const std::string& inside,
                    const std::string& path) {
        if (m_stop.stop_requested())
            return fail({ErrorCode::cancelled, "reading of the repository was stopped"});
        TRY_ASSIGN(const auto entries, level.repository->tree(tree));
        for (const auto& entry : entries) {
            const auto to = join(path, entry.name);
            if (to.size() > max_path || m_entries.size() >= max_entries)
                return fail({ErrorCode::invalid,
                             fmt::format("{} has too many files, or names that are too long",
                                         level.url.remote)});
            TRY(add_one(level, entry, join(inside, entry.name), to));
        }
        return {};
    }

    Status add_one(const Level& level, const git::TreeEntry& entry, const std::string& inside,
                   const std::string& to) {
        using Type = git::TreeEntry::Type;
        switch (entry.type) {
        case Type::directory:
            new_entry(to, EntryType::directory, 0755);
            return add_tree(level, entry.id, inside, to);
        case Type::submodule:
            new_entry(to, EntryType::directory, 0755);
            return add_submodule(level, entry, inside, to);
        case Type::symlink: {
            TRY_ASSIGN(auto target, level.repository->blob(entry.id));
            if (target.empty() || target.size() > max_path || target.find('\0') != target.npos)
                return fail({ErrorCode::corrupt, fmt::format("{}: {} is no symbolic link",
                                                             level.url.remote, printable(inside))});
            new_entry(to, EntryType::symlink, 0777).entry.link = std::move(target);
            return {};
        }
        case Type::file:
        case Type::executable:
            break;
        }
        TRY_ASSIGN(const auto size, level.repository->blob_size(entry.id));
        auto& file = new_entry(to, EntryType::file, entry.type == Type::executable ? 0755 : 0644);
        file.entry.size = size;
        file.open = [repository = level.repository,
                     id = entry.id]() -> Result<std::unique_ptr<ByteSource>> {
            TRY_ASSIGN(auto bytes, repository->blob(id));
            return std::make_unique<OwnedStringSource>(std::move(bytes));
        };
        return {};
    }

    Status read_submodules(Level& level, const git::Commit& commit) {
        TRY_ASSIGN(const auto entries, level.repository->tree(commit.tree));
        const auto found = std::ranges::find(entries, ".gitmodules", &git::TreeEntry::name);
        if (found == entries.end() || (found->type != git::TreeEntry::Type::file &&
                                       found->type != git::TreeEntry::Type::executable))
            return {};
        TRY_ASSIGN(const auto text, level.repository->blob(found->id));
        auto parsed = git::parse_gitmodules(text);
        if (!parsed) return fail(std::move(parsed).error().in(level.url.remote));
        level.submodules = *std::move(parsed);
        return {};
    }

    Status add_submodule(const Level& level, const git::TreeEntry& entry, const std::string& inside,
                         const std::string& to) {
        if (!m_url.submodules.value_or(true)) return {};
        const auto at = [&](Error error) {
            return fail(std::move(error).in(fmt::format("submodule {}", printable(inside))));
        };
        const auto found = std::ranges::find(level.submodules, inside, &git::Submodule::path);
        if (found == level.submodules.end() || found->url.empty())
            return at({ErrorCode::not_found,
                       "the repository's .gitmodules has no URL for it",
                       {},
                       "`?submodules=false` leaves submodules out"});
        if (!found->is_fetched) return {};
        if (level.depth >= max_nesting)
            return at({ErrorCode::invalid, "submodules are nested too deeply"});
        auto url = url_of(level.url, found->url);
        if (!url) return at(std::move(url).error());
        url->ref = entry.id;
        GitAccess access(m_ports, *url, origin_of(m_url), m_stop);
        auto commit = access.commit({entry.id});
        if (!commit) return at(std::move(commit).error());
        Level below{nullptr, *url, {}, level.depth + 1};
        TRY_ASSIGN(below.repository, access.local());
        TRY(read_submodules(below, *commit));
        return add_tree(below, commit->tree, "", to);
    }

    /// What stands in a directory that we have made ourselves.
    Status add_directory(const std::shared_ptr<fs::TempDir>& top, const std::string& inside,
                         const std::string& to) {
        new_entry(to, EntryType::directory, 0755);
        TRY_ASSIGN(const auto dir,
                   fs::open_at(top->fd(), inside.empty() ? "." : inside, O_RDONLY | O_DIRECTORY));
        TRY_ASSIGN(const auto names, fs::list_dir(dir.get()));
        for (const auto& name : names) {
            const auto path = join(inside, name);
            TRY_ASSIGN(const auto info, fs::stat_at(top->fd(), path));
            if (S_ISDIR(info.st_mode)) {
                TRY(add_directory(top, path, join(to, name)));
                continue;
            }
            auto& file = new_entry(join(to, name), EntryType::file, info.st_mode & 0777U);
            file.entry.size = static_cast<std::uint64_t>(info.st_size);
            file.open = [top, path]() -> Result<std::unique_ptr<ByteSource>> {
                TRY_ASSIGN(auto fd, fs::open_at(top->fd(), path, O_RDONLY));
                return std::make_unique<FdSource>(std::move(fd), path);
            };
        }
        return {};
    }

    const GitPorts& m_ports;
    const GitUrl& m_url;
    std::int64_t m_time;
    std::stop_token m_stop;
    std::vector<PlannedEntry> m_entries;
};

/// What the files of a checkout depend on.
Digest checkout_key(const GitUrl& url, const GitRevision& revision, bool keep_git_dir) {
    KeyBuilder key("git checkout");
    key.add("commit", revision.commit.empty() ? revision.id : revision.commit);
    key.add("subdir", url.subdir).add("submodules", url.submodules.value_or(true));
    key.add("own times", url.times == GitUrl::Times::checkout);
    if (keep_git_dir)
        key.add("remote", url.remote).add("ref", revision.name).add("object", revision.id);
    return key.digest();
}

} // namespace

Result<std::shared_ptr<SourceTree>> GitTrees::fetch(const GitUrl& url, bool keep_git_dir,
                                                    TreeLabel label, std::stop_token stop) {
    GitAccess access(m_ports, url, "", stop);
    TRY_ASSIGN(const auto revision, access.resolve());
    const bool keeps = url.keep_git_dir.value_or(keep_git_dir) && url.subdir.empty();
    return kept_tree(m_ports.store, m_layers, checkout_key(url, revision, keeps), std::move(label),
                     [&]() -> Result<std::vector<PlannedEntry>> {
                         TRY_ASSIGN(const auto commit, access.commit(revision));
                         TRY_ASSIGN(const auto repository, access.local());
                         const bool now = url.times == GitUrl::Times::checkout;
                         Checkout checkout(m_ports, url, now ? std::time(nullptr) : commit.time,
                                           stop);
                         TRY(checkout.add(repository, commit));
                         if (keeps) TRY(checkout.add_git_dir(repository, revision));
                         return checkout.take();
                     });
}

Result<std::int64_t> GitTrees::commit_time(const GitUrl& url, std::stop_token stop) {
    GitAccess access(m_ports, url, "", std::move(stop));
    TRY_ASSIGN(const auto revision, access.resolve());
    TRY_ASSIGN(const auto commit, access.commit(revision));
    return commit.time;
}

} // namespace mybuild
