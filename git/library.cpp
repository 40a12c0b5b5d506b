#include "git/library.hpp"

#include "base/render.hpp"
#include "base/shared_library.hpp"

#include <fmt/format.h>

namespace mybuild::git {
namespace {

Status find_all(const SharedLibrary& found, Library& library) {
    TRY(found.find("git_libgit2_init", library.libgit2_init));
    TRY(found.find("git_libgit2_opts", library.libgit2_opts));
    TRY(found.find("git_error_last", library.error_last));
    TRY(found.find("git_error_set_str", library.error_set_str));
    TRY(found.find("git_repository_init", library.repository_init));
    TRY(found.find("git_repository_open_bare", library.repository_open_bare));
    TRY(found.find("git_repository_free", library.repository_free));
    TRY(found.find("git_repository_odb", library.repository_odb));
    TRY(found.find("git_odb_free", library.odb_free));
    TRY(found.find("git_odb_exists", library.odb_exists));
    TRY(found.find("git_odb_read", library.odb_read));
    TRY(found.find("git_odb_read_header", library.odb_read_header));
    TRY(found.find("git_odb_object_data", library.odb_object_data));
    TRY(found.find("git_odb_object_size", library.odb_object_size));
    TRY(found.find("git_odb_object_type", library.odb_object_type));
    TRY(found.find("git_odb_object_free", library.odb_object_free));
    TRY(found.find("git_object_lookup", library.object_lookup));
    TRY(found.find("git_object_peel", library.object_peel));
    TRY(found.find("git_object_id", library.object_id));
    TRY(found.find("git_object_free", library.object_free));
    TRY(found.find("git_commit_tree_id", library.commit_tree_id));
    TRY(found.find("git_commit_time", library.commit_time));
    TRY(found.find("git_tree_entrycount", library.tree_entrycount));
    TRY(found.find("git_tree_entry_byindex", library.tree_entry_byindex));
    TRY(found.find("git_tree_entry_name", library.tree_entry_name));
    TRY(found.find("git_tree_entry_id", library.tree_entry_id));
    TRY(found.find("git_tree_entry_filemode_raw", library.tree_entry_filemode_raw));
    TRY(found.find("git_oid_fromstr", library.oid_fromstr));
    TRY(found.find("git_oid_fmt", library.oid_fmt));
    TRY(found.find("git_reference_create", library.reference_create));
    TRY(found.find("git_reference_free", library.reference_free));
    TRY(found.find("git_remote_create_options_init", library.remote_create_options_init));
    TRY(found.find("git_remote_create_with_opts", library.remote_create_with_opts));
    TRY(found.find("git_remote_connect", library.remote_connect));
    TRY(found.find("git_remote_ls", library.remote_ls));
    TRY(found.find("git_remote_fetch", library.remote_fetch));
    TRY(found.find("git_remote_disconnect", library.remote_disconnect));
    TRY(found.find("git_remote_free", library.remote_free));
    TRY(found.find("git_remote_init_callbacks", library.remote_init_callbacks));
    TRY(found.find("git_fetch_options_init", library.fetch_options_init));
    TRY(found.find("git_transport_smart", library.transport_smart));
    TRY(found.find("git_packbuilder_new", library.packbuilder_new));
    TRY(found.find("git_packbuilder_free", library.packbuilder_free));
    TRY(found.find("git_packbuilder_insert", library.packbuilder_insert));
    TRY(found.find("git_packbuilder_insert_commit", library.packbuilder_insert_commit));
    TRY(found.find("git_packbuilder_set_threads", library.packbuilder_set_threads));
    TRY(found.find("git_packbuilder_write", library.packbuilder_write));
    TRY(found.find("git_index_open", library.index_open));
    TRY(found.find("git_index_read_tree", library.index_read_tree));
    TRY(found.find("git_index_write", library.index_write));
    TRY(found.find("git_index_free", library.index_free));
    return {};
}

Result<Library> load() {
    // Other versions lay out the structures of fetches differently.
    TRY_ASSIGN(const auto found, SharedLibrary::open({"libgit2.so.1.5"}, "libgit2-1.5"));
    Library library;
    TRY(find_all(found, library));
    if (library.libgit2_init() < 0) return fail(last_error(library, "libgit2"));
    for (const int level : {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM,
                            GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL})
        if (library.libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "") < 0)
            return fail(last_error(library, "libgit2"));
    // A pack that has its name has its bytes, too.
    if (library.libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1) < 0)
        return fail(last_error(library, "libgit2"));
    return library;
}

} // namespace

const Result<Library>& library() {
    static const Result<Library> loaded = load();
    return loaded;
}

Error last_error(const Library& library, std::string_view what) {
    const auto* error = library.error_last();
    return {ErrorCode::io,
            fmt::format("{}: {}", what,
                        error != nullptr && error->message != nullptr ? printable(error->message)
                                                                      : "no reason is known")};
}

} // namespace mybuild::git
