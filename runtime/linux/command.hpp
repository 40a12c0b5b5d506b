#pragma once

#include "base/error.hpp"
#include "runtime/sandbox.hpp"

#include <string>
#include <vector>

namespace mybuild::runtime {

/// What execve(2) needs, laid out before the child exists. Points into the SandboxSpec and itself.
class Command {
  public:
    explicit Command(const SandboxSpec& spec);

    [[nodiscard]] char* const* argv() const { return m_argv.data(); }
    [[nodiscard]] char* const* envp() const { return m_envp.data(); }
    /// Paths to try in order, ended by a null pointer.
    [[nodiscard]] const char* const* candidates() const { return m_candidates.data(); }

  private:
    std::vector<std::string> m_paths;
    std::vector<char*> m_argv;
    std::vector<char*> m_envp;
    std::vector<const char*> m_candidates;
};

/// Why the command could not be executed.
struct ExecFailure {
    int error = 0;      ///< errno
    bool found = false; ///< ENOENT of a file that is there: its interpreter is missing
};

/// Tries the candidates as execvp(3) does; returns only if none could be executed. Runs between
/// clone and exec.
ExecFailure child_exec(const char* const* candidates, char* const* argv, char* const* envp);

/// The error a user sees, with exit code 127 (not found) or 126 (not executable).
Error exec_error(const std::string& name, const ExecFailure& failure);

} // namespace mybuild::runtime
