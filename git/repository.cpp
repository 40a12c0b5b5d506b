#include "git/repository.hpp"

#include "base/fs.hpp"
#include "base/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <fcntl.h>

namespace mybuild::git {
namespace {

template <class T>
using Owned = std::unique_ptr<T, void (*)(T*)>;

std::string text_of(const Library& library, const git_oid* id) {
    std::string text(GIT_OID_HEXSZ, '\0');
    library.oid_fmt(text.data(), id);
    return text;
}

Result<git_oid> id_of(const Library& library, const std::string& text) {
    git_oid id{};
    if (text.size() != GIT_OID_HEXSZ || library.oid_fromstr(&id, text.c_str()) != 0)
        return fail({ErrorCode::invalid, fmt::format("{} is no id of git", printable(text))});
    return id;
}

/// An object, peeled to the type.
Result<Owned<git_object>> object(const Library& library, git_repository* repository,
                                 const std::string& text, git_object_t type) {
    TRY_ASSIGN(const auto id, id_of(library, text));
    git_object* found = nullptr;
    if (library.object_lookup(&found, repository, &id, GIT_OBJECT_ANY) != 0)
        return fail({ErrorCode::not_found, fmt::format("the repository has no object {}", text)});
    const Owned<git_object> any(found, library.object_free);
    git_object* peeled = nullptr;
    if (library.object_peel(&peeled, any.get(), type) != 0)
        return fail(
            {ErrorCode::invalid,
             fmt::format("{} is no {}", text, type == GIT_OBJECT_TREE ? "directory" : "commit")});
    return Owned<git_object>(peeled, library.object_free);
}

/// Names that git itself refuses to check out, on any file system.
bool may_be_name(std::string_view name) {
    if (name.empty() || name == "." || name == ".." || name.find('/') != name.npos) return false;
    std::string lower(name);
    std::ranges::transform(lower, lower.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return lower != ".git";
}

Result<TreeEntry::Type> type_of(unsigned mode) {
    switch (mode) {
    case GIT_FILEMODE_TREE:
        return TreeEntry::Type::directory;
    case GIT_FILEMODE_LINK:
        return TreeEntry::Type::symlink;
    case GIT_FILEMODE_COMMIT:
        return TreeEntry::Type::submodule;
    default:
        // Old programs wrote more than the two modes that files have (0100664).
        if ((mode & 0170000U) != 0100000U)
            return fail({ErrorCode::corrupt, fmt::format("unknown mode {:o} in a tree", mode)});
        return (mode & 0100U) != 0 ? TreeEntry::Type::executable : TreeEntry::Type::file;
    }
}

Status write_pack(const Repository& from, const git_oid& commit, const std::string& tip,
                  const std::string& directory) {
    const auto& library = from.library();
    git_packbuilder* made = nullptr;
    if (library.packbuilder_new(&made, from.handle()) != 0)
        return fail(last_error(library, "cannot make a pack"));
    const Owned<git_packbuilder> pack(made, library.packbuilder_free);
    library.packbuilder_set_threads(pack.get(), 1); // the same objects make the same pack
    TRY_ASSIGN(const auto tag, id_of(library, tip));
    if (library.packbuilder_insert_commit(pack.get(), &commit) != 0 ||
        library.packbuilder_insert(pack.get(), &tag, nullptr) != 0 ||
        library.packbuilder_write(pack.get(), directory.c_str(), 0444, nullptr, nullptr) != 0)
        return fail(last_error(library, "cannot write a pack"));
    return {};
}

Status write_index(const Library& library, git_object* tree, const std::string& path) {
    git_index* made = nullptr;
    if (library.index_open(&made, path.c_str()) != 0)
        return fail(last_error(library, "cannot make an index"));
    const Owned<git_index> index(made, library.index_free);
    if (library.index_read_tree(index.get(), reinterpret_cast<git_tree*>(tree)) != 0 ||
        library.index_write(index.get()) != 0)
        return fail(last_error(library, "cannot write an index"));
    return {};
}

} // namespace

Result<Repository> Repository::open(const std::string& path) {
    const auto& loaded = git::library();
    if (!loaded) return fail(loaded.error());
    git_repository* made = nullptr;
    const int code = loaded->repository_open_bare(&made, path.c_str());
    if (code == 0) return Repository(*loaded, Handle(made, loaded->repository_free), path);
    auto error = last_error(*loaded, "cannot open the copy of a repository");
    if (code == GIT_ENOTFOUND) error.code = ErrorCode::not_found;
    return fail(std::move(error));
}

Status Repository::make(const std::string& path) {
    const auto& loaded = git::library();
    if (!loaded) return fail(loaded.error());
    git_repository* made = nullptr;
    if (loaded->repository_init(&made, path.c_str(), 1) != 0)
        return fail(last_error(*loaded, "cannot make the copy of a repository"));
    loaded->repository_free(made);
    return {};
}

/// Something that must be there could not be read.
Error Repository::damaged() const {
    auto error = last_error(*m_library, "cannot read a git repository");
    error.code = ErrorCode::corrupt;
    return std::move(error).with_hint(
        fmt::format("remove {}, the copy of it, and build again", m_path));
}

bool Repository::has(const std::string& text) const {
    const auto id = id_of(*m_library, text);
    git_odb* odb = nullptr;
    if (!id || m_library->repository_odb(&odb, m_repository.get()) != 0) return false;
    const Owned<git_odb> owned(odb, m_library->odb_free);
    return m_library->odb_exists(odb, &*id) == 1;
}

Result<Commit> Repository::commit(const std::string& id) const {
    TRY_ASSIGN(const auto found, object(*m_library, m_repository.get(), id, GIT_OBJECT_COMMIT));
    auto* const commit = reinterpret_cast<git_commit*>(found.get());
    return Commit{text_of(*m_library, m_library->object_id(found.get())),
                  text_of(*m_library, m_library->commit_tree_id(commit)),
                  m_library->commit_time(commit)};
}

Result<std::vector<TreeEntry>> Repository::tree(const std::string& id) const {
    TRY_ASSIGN(const auto found, object(*m_library, m_repository.get(), id, GIT_OBJECT_TREE));
    auto* const tree = reinterpret_cast<git_tree*>(found.get());
    std::vector<TreeEntry> entries(m_library->tree_entrycount(tree));
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const auto* entry = m_library->tree_entry_byindex(tree, i);
        entries[i].name = m_library->tree_entry_name(entry);
        if (!may_be_name(entries[i].name))
            return fail({ErrorCode::corrupt,
                         fmt::format("the repository has a file of the name {}, which no checkout "
                                     "may have",
                                     printable(entries[i].name))});
        entries[i].id = text_of(*m_library, m_library->tree_entry_id(entry));
        TRY_ASSIGN(entries[i].type, type_of(m_library->tree_entry_filemode_raw(entry)));
    }
    return entries;
}

Result<std::string> Repository::blob(const std::string& text) const {
    TRY_ASSIGN(const auto id, id_of(*m_library, text));
    git_odb* odb = nullptr;
    if (m_library->repository_odb(&odb, m_repository.get()) != 0) return fail(damaged());
    const Owned<git_odb> owned(odb, m_library->odb_free);
    git_odb_object* found = nullptr;
    if (m_library->odb_read(&found, odb, &id) != 0) return fail(damaged());
    const Owned<git_odb_object> blob(found, m_library->odb_object_free);
    if (m_library->odb_object_type(found) != GIT_OBJECT_BLOB)
        return fail({ErrorCode::corrupt, fmt::format("{} is no file of a repository", text)});
    return std::string(static_cast<const char*>(m_library->odb_object_data(found)),
                       m_library->odb_object_size(found));
}

Result<std::uint64_t> Repository::blob_size(const std::string& text) const {
    TRY_ASSIGN(const auto id, id_of(*m_library, text));
    git_odb* odb = nullptr;
    if (m_library->repository_odb(&odb, m_repository.get()) != 0) return fail(damaged());
    const Owned<git_odb> owned(odb, m_library->odb_free);
    std::size_t size = 0;
    git_object_t type = GIT_OBJECT_INVALID;
    if (m_library->odb_read_header(&size, &type, odb, &id) != 0) return fail(damaged());
    return size;
}

Status Repository::write_git_dir(const std::string& id, const std::string& ref,
                                 const std::string& remote, const std::string& path) const {
    TRY_ASSIGN(const auto found, commit(id));
    TRY_ASSIGN(const auto commit_id, id_of(*m_library, found.id));
    TRY_ASSIGN(const auto dir, fs::open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY));
    for (const auto* name : {"objects/pack", "objects/info", "refs/heads", "refs/tags"})
        TRY(fs::make_dirs_at(dir.get(), name));
    TRY(write_pack(*this, commit_id, id, path + "/objects/pack"));
    TRY_ASSIGN(const auto tree,
               object(*m_library, m_repository.get(), found.tree, GIT_OBJECT_TREE));
    TRY(write_index(*m_library, tree.get(), path + "/index"));
    TRY(fs::write_file_atomic(dir.get(), "HEAD", found.id + "\n"));
    TRY(fs::write_file_atomic(dir.get(), "shallow", found.id + "\n"));
    if (ref.starts_with("refs/")) {
        auto refs = fmt::format("# pack-refs with: peeled fully-peeled sorted \n{} {}\n", id, ref);
        if (id != found.id) refs += fmt::format("^{}\n", found.id);
        TRY(fs::write_file_atomic(dir.get(), "packed-refs", refs));
    }
    return fs::write_file_atomic(
        dir.get(), "config",
        fmt::format("[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n"
                    "[remote \"origin\"]\n\turl = {}\n"
                    "\tfetch = +refs/heads/*:refs/remotes/origin/*\n",
                    remote));
}

} // namespace mybuild::git
