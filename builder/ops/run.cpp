#include "base/fs.hpp"
#include "base/passwd.hpp"
#include "builder/mounts/mount_keys.hpp"
#include "builder/mounts/step_mounts.hpp"
#include "builder/ops/ops.hpp"
#include "runtime/sandbox.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fcntl.h>

namespace mybuild::ops {
namespace {

constexpr std::size_t max_passwd = std::size_t{10} * 1024 * 1024; // as BuildKit caps it
constexpr std::size_t container_digits = 12;

class StepOutput : public runtime::OutputSink {
  public:
    StepOutput(EventLog& events, StepRef ref) : m_events(events), m_ref(ref) {}
    void write(runtime::Stream stream, std::string_view bytes) noexcept override {
        const auto to = stream == runtime::Stream::out ? event::Stream::out : event::Stream::err;
        m_events.send(event::StepOutput{m_ref, to, std::string(bytes), EventLog::now_ns()});
    }

  private:
    EventLog& m_events;
    StepRef m_ref;
};

/// A text of the step's own root; missing or odd is empty, as an image without users has it.
std::string text_in_root(int root, const std::string& path) {
    const auto fd = fs::open_in_root(root, path, O_RDONLY | O_NONBLOCK);
    if (!fd) return {};
    return fs::read_all(fd->get(), max_passwd).value_or("");
}

bool has_variable(const std::vector<std::string>& env, std::string_view name) {
    return std::any_of(env.begin(), env.end(), [&](const std::string& text) {
        return text.starts_with(name) && text.size() > name.size() && text[name.size()] == '=';
    });
}

runtime::NetworkMode network_mode(const std::string& text) {
    if (text == "none") return runtime::NetworkMode::none;
    return text == "host" ? runtime::NetworkMode::host : runtime::NetworkMode::default_;
}

/// /etc/hosts of a step with what --add-host adds, `name=address` each. A step shares the network
/// of this machine, or has none: its gateway to this machine is the loopback device.
std::string hosts_text(const std::string& hostname, const std::vector<std::string>& added) {
    auto text = fmt::format("127.0.0.1\tlocalhost {}\n"
                            "::1\tlocalhost ip6-localhost ip6-loopback\n",
                            hostname);
    for (const auto& host : added) {
        const auto equals = host.find('=');
        const auto address = host.substr(equals + 1);
        text += fmt::format("{}\t{}\n", address == "host-gateway" ? "127.0.0.1" : address,
                            host.substr(0, equals));
    }
    return text;
}

Result<runtime::SandboxSpec> make_spec(const Session& session, const plan::RunOp& op,
                                       const Scratch& scratch) {
    runtime::SandboxSpec spec;
    spec.root = scratch.root();
    spec.argv = op.argv;
    spec.cwd = op.working_dir;
    TRY_ASSIGN(auto user, resolve_user(op.user, text_in_root(spec.root, "/etc/passwd"),
                                       text_in_root(spec.root, "/etc/group")));
    spec.uid = user.uid;
    spec.gid = user.gid;
    spec.groups = std::move(user.groups);
    spec.env = op.env;
    if (!has_variable(spec.env, "HOME")) spec.env.push_back("HOME=" + user.home);
    for (const auto& proxy : op.proxy_env)
        set_variable(spec.env, proxy);
    spec.network = network_mode(op.network == "default" ? session.request.run.network : op.network);
    spec.insecure = op.security == "insecure";
    // A machine without resolv.conf has no names to give; the step then sees an empty one.
    spec.resolv_conf = fs::read_file_at(AT_FDCWD, "/etc/resolv.conf", max_passwd).value_or("");
    if (!op.hostname.empty()) spec.hostname = op.hostname;
    spec.hosts = hosts_text(spec.hostname, session.request.run.added_hosts);
    spec.shm_size = session.request.shm_size;
    spec.limits = session.request.limits;
    for (const auto& [name, content] : op.script_files)
        spec.mounts.push_back({"/dev/pipes/" + name, runtime::FileMount{content, 0755, 0, 0}});
    return spec;
}

/// Whether the command saw what the keys of its step say of the context. (COPY compares as it
/// reads; what a command reads, and when, is not ours to know.)
bool shows_same_context(Session& session, StepRef ref, const plan::RunOp& op) {
    const auto& keyed = session.keyed[ref.stage][ref.step - 1];
    if (keyed.bound.empty()) return true;
    const auto now = mounted_contexts(session, op);
    if (now && *now == keyed.bound) return true;
    auto warning = Error{ErrorCode::invalid, "the build context has changed while this step ran"};
    session.events.send(event::Warning{session.located(
        std::move(warning).with_hint(
            "what it has made is used, but not kept for later builds: the step will run again"),
        session.step(ref.stage, ref.step - 1).span)});
    return false;
}

} // namespace

std::string container_name() {
    return Digest::of(fs::random_name(16)).hex().substr(0, container_digits);
}

Result<bool> run(Session& session, StepRef ref, const plan::RunOp& op, const Scratch& scratch,
                 std::stop_token stop) {
    TRY_ASSIGN(auto* const sandbox, session.ports.sandbox());
    TRY_ASSIGN(auto spec, make_spec(session, op, scratch));
    TRY_ASSIGN(auto mounts, StepMounts::make(session, ref, op, stop));
    mounts.move_into(spec);
    session.events.send(event::StepRunning{ref, container_name()});
    StepOutput output(session.events, ref);
    TRY_ASSIGN(const auto status, sandbox->run(spec, output, std::move(stop)));
    if (status.code == 0) return shows_same_context(session, ref, op);
    Error error{ErrorCode::command_failed,
                fmt::format("The command '{}' returned a non-zero code: {}",
                            fmt::join(op.argv, " "), status.code)};
    error.exit_code = status.code;
    if (status.signaled)
        error.notes.push_back(fmt::format("it was killed by signal {}", status.signal));
    return fail(std::move(error));
}

} // namespace mybuild::ops
