#pragma once

#include "builder/mounts/context_view.hpp"
#include "builder/session.hpp"
#include "cache/cache_mounts.hpp"
#include "runtime/sandbox.hpp"
#include "ssh/forward.hpp"

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace mybuild {

/// Sets `NAME=value` in an environment: of two entries of one name the later one counts.
void set_variable(std::vector<std::string>& env, std::string entry);

/// What the --mount flags of one RUN name, ready to be mounted, with everything that has to be
/// there as long as its command runs.
class StepMounts {
  public:
    /// Errors stand at the flag. Waits for caches that others have locked.
    static Result<StepMounts> make(Session& session, StepRef ref, const plan::RunOp& op,
                                   std::stop_token stop);

    /// Gives mounts and variables to the sandbox. The descriptors in them stay this object's.
    void move_into(runtime::SandboxSpec& spec);

  private:
    StepMounts() = default;
    Status add(Session& session, const plan::RunOp& op, std::size_t index, std::stop_token stop);
    Status add_secret(Session& session, const Mount& mount);
    Status add_ssh(Session& session, const Mount& mount);
    Status add_layers(Session& session, const Mount& mount, const plan::Origin& origin,
                      std::stop_token stop);
    Status add_context(Session& session, const Mount& mount, SourceTree& context);
    Status add_caches(Session& session, StepRef ref, const plan::RunOp& op, std::stop_token stop);
    void add_bind(const Mount& mount, Fd what);

    std::vector<runtime::SandboxMount> m_mounts;
    std::vector<std::string> m_env; ///< `NAME=value`
    std::vector<Fd> m_open;         ///< what is mounted
    std::vector<std::unique_ptr<Scratch>> m_scratches;
    std::vector<ContextView> m_views;
    std::vector<CacheInUse> m_caches;
    std::vector<std::unique_ptr<ssh::Forward>> m_agents;
};

} // namespace mybuild
