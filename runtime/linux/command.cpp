#include "runtime/linux/command.hpp"

#include "base/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace mybuild::runtime {

namespace {

/// Where a command is looked for when `env` has no PATH: what Docker puts there.
constexpr std::string_view default_path =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string_view path_of(const std::vector<std::string>& env) {
    std::string_view path = default_path;
    for (const std::string_view entry : env) // of two, the last one counts, as for a shell
        if (entry.starts_with("PATH=")) path = entry.substr(5);
    return path;
}

std::vector<std::string> candidate_paths(const std::string& name, std::string_view path) {
    if (name.find('/') != std::string::npos) return {name};
    std::vector<std::string> candidates;
    if (name.empty()) return candidates;
    for (std::size_t begin = 0; begin <= path.size();) {
        const auto end = std::min(path.find(':', begin), path.size());
        const auto dir = path.substr(begin, end - begin);
        candidates.push_back(fmt::format("{}/{}", dir.empty() ? "." : dir, name));
        begin = end + 1;
    }
    return candidates;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> list;
    list.reserve(strings.size() + 1);
    // execve(2) takes char* for historical reasons and changes nothing.
    for (const auto& string : strings)
        list.push_back(const_cast<char*>(string.c_str()));
    list.push_back(nullptr);
    return list;
}

} // namespace

Command::Command(const SandboxSpec& spec)
    : m_paths(candidate_paths(spec.argv.empty() ? "" : spec.argv.front(), path_of(spec.env))),
      m_argv(pointers(spec.argv)), m_envp(pointers(spec.env)) {
    for (const auto& path : m_paths)
        m_candidates.push_back(path.c_str());
    m_candidates.push_back(nullptr);
}

ExecFailure child_exec(const char* const* candidates, char* const* argv, char* const* envp) {
    ExecFailure failure{ENOENT, false};
    for (; *candidates != nullptr; ++candidates) {
        ::execve(*candidates, argv, envp);
        const int error = errno;
        struct stat info {};
        const bool exists = ::stat(*candidates, &info) == 0;
        if ((error == ENOENT && !exists) || error == ENOTDIR) continue;
        if (error == EACCES && exists && S_ISDIR(info.st_mode)) {
            if (failure.error == ENOENT) failure.error = EISDIR;
            continue;
        }
        failure = {error, exists};
        if (error != EACCES) break; // a later one may be executable
    }
    return failure;
}

Error exec_error(const std::string& name, const ExecFailure& failure) {
    Error error{ErrorCode::command_failed, {}};
    const bool by_path = name.find('/') != std::string::npos;
    // Along PATH, a directory of that name is passed over.
    const bool nowhere =
        !by_path && (failure.error == EISDIR || (failure.error == ENOENT && !failure.found));
    std::string reason = std::generic_category().message(failure.error);
    if (!reason.empty() && reason[0] >= 'A' && reason[0] <= 'Z') reason[0] += 'a' - 'A';
    if (nowhere) reason = "executable file not found in $PATH";
    error.message = fmt::format("exec: \"{}\": {}", printable(name), reason);
    error.exit_code = nowhere || failure.error == ENOENT ? 127 : 126;
    if (failure.error == ENOENT && failure.found)
        error.hint =
            "the file is there, but the program that runs it is not: see its #! line, or for a "
            "binary its dynamic loader";
    else if (failure.error == ENOENT && name == "/bin/sh")
        error.hint = "the image has no shell: use the exec form, RUN [\"program\", \"argument\"]";
    else if (failure.error == ENOEXEC)
        error.hint = "it is built for another processor, or a script without a #! line";
    else if (failure.error == EACCES)
        error.hint = "make it executable for the step's user (chmod +x)";
    return error;
}

} // namespace mybuild::runtime
