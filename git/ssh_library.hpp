#pragma once

#include "base/result.hpp"

#include <libssh/libssh.h>

namespace mybuild::git {

/// libssh's functions as found by dlopen, under their names without `ssh_`: no build without a
/// repository over ssh pays for the library.
struct SshLibrary {
    decltype(&::ssh_new) create = nullptr; ///< `new` is a word of the language
    decltype(&::ssh_free) free = nullptr;
    decltype(&::ssh_options_set) options_set = nullptr;
    decltype(&::ssh_set_agent_socket) set_agent_socket = nullptr;
    decltype(&::ssh_connect) connect = nullptr;
    decltype(&::ssh_disconnect) disconnect = nullptr;
    decltype(&::ssh_get_error) get_error = nullptr;
    decltype(&::ssh_session_is_known_server) session_is_known_server = nullptr;
    decltype(&::ssh_session_export_known_hosts_entry) session_export_known_hosts_entry = nullptr;
    decltype(&::ssh_string_free_char) string_free_char = nullptr;
    decltype(&::ssh_userauth_none) userauth_none = nullptr;
    decltype(&::ssh_userauth_agent) userauth_agent = nullptr;
    decltype(&::ssh_channel_new) channel_new = nullptr;
    decltype(&::ssh_channel_free) channel_free = nullptr;
    decltype(&::ssh_channel_open_session) channel_open_session = nullptr;
    decltype(&::ssh_channel_request_exec) channel_request_exec = nullptr;
    decltype(&::ssh_channel_read_timeout) channel_read_timeout = nullptr;
    decltype(&::ssh_channel_read_nonblocking) channel_read_nonblocking = nullptr;
    decltype(&::ssh_channel_write) channel_write = nullptr;
    decltype(&::ssh_channel_is_eof) channel_is_eof = nullptr;
};

/// The library, loaded by the first call, which may come from any thread. Errors:
/// ErrorCode::unsupported.
const Result<SshLibrary>& ssh_library();

} // namespace mybuild::git
