#pragma once

#include "builder/session.hpp"
#include "runtime/sandbox.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mybuild {

/// Sets `NAME=value` in an environment: of two entries of one name the later one counts.
void set_variable(std::vector<std::string>& env, std::string entry);

/// What the --mount flags of one RUN name, ready to be mounted, with everything that has to be
/// there as long as its command runs.
class StepMounts {
  public:
    /// Errors stand at the flag.
    static Result<StepMounts> make(Session& session, const plan::RunOp& op);

    /// Gives mounts and variables to the sandbox.
    void move_into(runtime::SandboxSpec& spec);

  private:
    StepMounts() = default;
    Status add(Session& session, const Mount& mount);
    Status add_secret(Session& session, const Mount& mount);

    std::vector<runtime::SandboxMount> m_mounts;
    std::vector<std::string> m_env; ///< `NAME=value`
};

} // namespace mybuild
