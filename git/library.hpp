#pragma once

#include "base/result.hpp"

#include <git2.h>
#include <git2/sys/transport.h>

namespace mybuild::git {

/// libgit2's functions as found by dlopen, under their names without `git_`. The library brings
/// ten others with it (Kerberos and mbed TLS among them), which no build without a repository pays
/// for.
struct Library {
    decltype(&::git_libgit2_init) libgit2_init = nullptr;
    decltype(&::git_libgit2_opts) libgit2_opts = nullptr;
    decltype(&::git_error_last) error_last = nullptr;
    decltype(&::git_error_set_str) error_set_str = nullptr;

    decltype(&::git_repository_init) repository_init = nullptr;
    decltype(&::git_repository_open_bare) repository_open_bare = nullptr;
    decltype(&::git_repository_free) repository_free = nullptr;
    decltype(&::git_repository_odb) repository_odb = nullptr;

    decltype(&::git_odb_free) odb_free = nullptr;
    decltype(&::git_odb_exists) odb_exists = nullptr;
    decltype(&::git_odb_read) odb_read = nullptr;
    decltype(&::git_odb_read_header) odb_read_header = nullptr;
    decltype(&::git_odb_object_data) odb_object_data = nullptr;
    decltype(&::git_odb_object_size) odb_object_size = nullptr;
    decltype(&::git_odb_object_type) odb_object_type = nullptr;
    decltype(&::git_odb_object_free) odb_object_free = nullptr;

    decltype(&::git_object_lookup) object_lookup = nullptr;
    decltype(&::git_object_peel) object_peel = nullptr;
    decltype(&::git_object_id) object_id = nullptr;
    decltype(&::git_object_free) object_free = nullptr;
    decltype(&::git_commit_tree_id) commit_tree_id = nullptr;
    decltype(&::git_commit_time) commit_time = nullptr;
    decltype(&::git_tree_entrycount) tree_entrycount = nullptr;
    decltype(&::git_tree_entry_byindex) tree_entry_byindex = nullptr;
    decltype(&::git_tree_entry_name) tree_entry_name = nullptr;
    decltype(&::git_tree_entry_id) tree_entry_id = nullptr;
    decltype(&::git_tree_entry_filemode_raw) tree_entry_filemode_raw = nullptr;

    decltype(&::git_oid_fromstr) oid_fromstr = nullptr;
    decltype(&::git_oid_fmt) oid_fmt = nullptr;

    decltype(&::git_reference_create) reference_create = nullptr;
    decltype(&::git_reference_free) reference_free = nullptr;

    decltype(&::git_remote_create_options_init) remote_create_options_init = nullptr;
    decltype(&::git_remote_create_with_opts) remote_create_with_opts = nullptr;
    decltype(&::git_remote_connect) remote_connect = nullptr;
    decltype(&::git_remote_ls) remote_ls = nullptr;
    decltype(&::git_remote_fetch) remote_fetch = nullptr;
    decltype(&::git_remote_disconnect) remote_disconnect = nullptr;
    decltype(&::git_remote_free) remote_free = nullptr;
    decltype(&::git_remote_init_callbacks) remote_init_callbacks = nullptr;
    decltype(&::git_fetch_options_init) fetch_options_init = nullptr;
    decltype(&::git_transport_smart) transport_smart = nullptr;

    decltype(&::git_packbuilder_new) packbuilder_new = nullptr;
    decltype(&::git_packbuilder_free) packbuilder_free = nullptr;
    decltype(&::git_packbuilder_insert) packbuilder_insert = nullptr;
    decltype(&::git_packbuilder_insert_commit) packbuilder_insert_commit = nullptr;
    decltype(&::git_packbuilder_set_threads) packbuilder_set_threads = nullptr;
    decltype(&::git_packbuilder_write) packbuilder_write = nullptr;
    decltype(&::git_index_open) index_open = nullptr;
    decltype(&::git_index_read_tree) index_read_tree = nullptr;
    decltype(&::git_index_write) index_write = nullptr;
    decltype(&::git_index_free) index_free = nullptr;
};

/// The library, loaded and initialised by the first call, which may come from any thread. It reads
/// no configuration of the machine or the user: nothing there can lead a build elsewhere.
/// Errors: ErrorCode::unsupported.
const Result<Library>& library();

/// What libgit2 says of the call of this thread that has just failed.
[[nodiscard]] Error last_error(const Library& library, std::string_view what);

} // namespace mybuild::git
