#include "git/ssh_library.hpp"

#include "base/shared_library.hpp"

namespace mybuild::git {
namespace {

Result<SshLibrary> load() {
    TRY_ASSIGN(const auto found, SharedLibrary::open({"libssh.so.4"}, "libssh-4"));
    SshLibrary library;
    TRY(found.find("ssh_new", library.create));
    TRY(found.find("ssh_free", library.free));
    TRY(found.find("ssh_options_set", library.options_set));
    TRY(found.find("ssh_set_agent_socket", library.set_agent_socket));
    TRY(found.find("ssh_connect", library.connect));
    TRY(found.find("ssh_disconnect", library.disconnect));
    TRY(found.find("ssh_get_error", library.get_error));
    TRY(found.find("ssh_session_is_known_server", library.session_is_known_server));
    TRY(found.find("ssh_session_export_known_hosts_entry",
                   library.session_export_known_hosts_entry));
    TRY(found.find("ssh_string_free_char", library.string_free_char));
    TRY(found.find("ssh_userauth_none", library.userauth_none));
    TRY(found.find("ssh_userauth_agent", library.userauth_agent));
    TRY(found.find("ssh_channel_new", library.channel_new));
    TRY(found.find("ssh_channel_free", library.channel_free));
    TRY(found.find("ssh_channel_open_session", library.channel_open_session));
    TRY(found.find("ssh_channel_request_exec", library.channel_request_exec));
    TRY(found.find("ssh_channel_read_timeout", library.channel_read_timeout));
    TRY(found.find("ssh_channel_read_nonblocking", library.channel_read_nonblocking));
    TRY(found.find("ssh_channel_write", library.channel_write));
    TRY(found.find("ssh_channel_is_eof", library.channel_is_eof));
    return library;
}

} // namespace

const Result<SshLibrary>& ssh_library() {
    static const Result<SshLibrary> loaded = load();
    return loaded;
}

} // namespace mybuild::git
