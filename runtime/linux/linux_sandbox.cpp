#include "base/render.hpp"
#include "runtime/linux/caps.hpp"
#include "runtime/linux/clone.hpp"
#include "runtime/linux/mounts.hpp"
#include "runtime/linux/probe.hpp"
#include "runtime/linux/seccomp.hpp"
#include "runtime/linux/streams.hpp"
#include "runtime/sandbox.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

namespace mybuild::runtime {

namespace {

constexpr std::size_t max_hostname = 64; // sethostname(2)

Error cancelled() {
    return Error{ErrorCode::cancelled, "the command was stopped"};
}

bool has_nul(const std::vector<std::string>& strings) {
    return std::any_of(strings.begin(), strings.end(), [](const std::string& string) {
        return string.find('\0') != std::string::npos;
    });
}

Status check(const SandboxSpec& spec) {
    if (spec.argv.empty())
        return fail({ErrorCode::invalid, "there is no command to run", {}, "RUN needs a command"});
    if (has_nul(spec.argv) || has_nul(spec.env) || has_nul({spec.cwd, spec.hostname}))
        return fail(
            {ErrorCode::invalid,
             "the command, its environment, working directory or host name has a NUL byte"});
    if (!spec.cwd.starts_with('/'))
        return fail({ErrorCode::invalid,
                     fmt::format("the working directory {} is not absolute", printable(spec.cwd))});
    if (spec.hostname.empty() || spec.hostname.size() > max_hostname)
        return fail({ErrorCode::invalid,
                     fmt::format("the host name must have 1 to {} characters", max_hostname)});
    return {};
}

class LinuxSandbox final : public Sandbox {
  public:
    LinuxSandbox(Host host, std::optional<std::string> seccomp_cache)
        : m_host(std::move(host)), m_seccomp_cache(std::move(seccomp_cache)) {}

    Result<ExitStatus> run(const SandboxSpec& spec, OutputSink& output,
                           std::stop_token stop) override {
        TRY(check(spec));
        if (stop.stop_requested()) return fail(cancelled());
        MountPoints points(spec.root); // removes its stubs last, when nothing is mounted on them
        TRY_ASSIGN(const auto mounts, plan_mounts(spec, m_host, points));
        const Command command(spec);
        TRY_ASSIGN(auto plan, plan_child(spec));
        plan.mounts = &mounts;
        plan.command = &command;
        return execute(plan, spec, output, std::move(stop));
    }

  private:
    Result<ChildPlan> plan_child(const SandboxSpec& spec) {
        ChildPlan plan;
        plan.hostname = spec.hostname;
        plan.cwd = spec.cwd;
        plan.uid = spec.uid;
        plan.gid = spec.gid;
        plan.groups = spec.groups;
        plan.limits = spec.limits;
        plan.new_network = spec.network == NetworkMode::none;
        plan.capabilities = m_host.permitted_caps;
        plan.last_cap = m_host.last_cap;
        plan.parent = m_host.self.get();
        if (spec.insecure) return plan;
        plan.capabilities &= default_capabilities;
        TRY_ASSIGN(const auto* program, seccomp());
        plan.seccomp = program->code();
        return plan;
    }

    static Result<ExitStatus> execute(ChildPlan& plan, const SandboxSpec& spec, OutputSink& output,
                                      std::stop_token stop) {
        TRY_ASSIGN(auto out, make_output_pipe());
        TRY_ASSIGN(auto err, make_output_pipe());
        plan.out = out.write.get();
        plan.err = err.write.get();
        TRY_ASSIGN(auto process, spawn(plan));
        out.write.reset();
        err.write.reset();
        if (plan.report.error != 0) return fail(child_error(plan, spec.argv.front()));

        std::atomic<bool> killed = false;
        ExitStatus status;
        {
            const std::stop_callback kill(std::move(stop), [&] {
                killed = true;
                process.kill();
            });
            TRY(pump(out.read.get(), err.read.get(), process.pidfd(), output));
        }
        TRY_ASSIGN(status, process.wait());
        if (killed) return fail(cancelled());
        if (plan.report.stage != Stage::exec)
            return fail({ErrorCode::io,
                         fmt::format("the sandbox was killed by signal {} while it was set up",
                                     status.signal)});
        return status;
    }

    Result<const SeccompProgram*> seccomp() {
        const std::lock_guard lock(m_mutex);
        if (!m_seccomp) {
            TRY_ASSIGN(auto program, load_seccomp(m_seccomp_cache));
            m_seccomp = std::move(program);
        }
        return &*m_seccomp;
    }

    const Host m_host;
    const std::optional<std::string> m_seccomp_cache;
    std::mutex m_mutex;
    std::optional<SeccompProgram> m_seccomp; ///< set once, then never changed
};

} // namespace

Result<std::unique_ptr<Sandbox>> make_linux_sandbox(const SandboxOptions& options) {
    if (!options.uid_map.empty() || !options.gid_map.empty())
        return fail({ErrorCode::unsupported,
                     "mapped user and group ids are not supported by this version",
                     {},
                     "run mybuild as root"});
    TRY_ASSIGN(auto host, probe_host());
    return std::make_unique<LinuxSandbox>(std::move(host), options.seccomp_cache);
}

} // namespace mybuild::runtime
