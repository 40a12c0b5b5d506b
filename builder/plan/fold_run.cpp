#include "base/render.hpp"
#include "builder/plan/fold.hpp"
#include "builder/plan/history.hpp"
#include "builder/plan/paths.hpp"
#include "builder/plan/predefined.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mybuild::plan {

namespace {

struct PlannedMount {
    Mount mount;
    Origin origin;
    Span span;
};

/// The targets that a mount's text leaves open (dockerfile-language.md, 6.2). All are below
/// WORKDIR.
Status settle_target(const StageState& state, Mount& mount, std::size_t& ssh_count, Span span) {
    switch (mount.type) {
    case MountType::secret:
        if (!mount.target.empty()) mount.target = clean_path(state.directory(), mount.target);
        return {};
    case MountType::ssh:
        if (mount.target.empty())
            mount.target = fmt::format("/run/buildkit/ssh_agent.{}", ssh_count);
        mount.target = clean_path(state.directory(), mount.target);
        ++ssh_count;
        return {};
    default:
        mount.target = clean_path(state.directory(), mount.target);
        if (mount.target != "/") return {};
        return state.fail_at(Error{.code = ErrorCode::invalid,
                                   .message = "invalid mount target \"/\"",
                                   .hint = "name the directory to mount at with target="},
                             span);
    }
}

/// Caches of builds that say so are kept apart from those of others.
void settle_cache_id(const StageState& state, Mount& mount) {
    const auto found = state.options.build_args.find("BUILDKIT_CACHE_MOUNT_NS");
    if (mount.type != MountType::cache || found == state.options.build_args.end()) return;
    if (!found->second.empty()) mount.id = found->second + "/" + mount.id;
}

Result<std::vector<PlannedMount>> plan_mounts(StageState& state, const Run& run) {
    Expander expander = state.expander();
    std::vector<PlannedMount> planned;
    std::size_t ssh_count = 0;
    for (const Word& word : run.mounts) {
        auto mount =
            parse_mount(word.text, [&](std::string_view raw) { return expander.part(raw, word); });
        if (!mount) return state.fail_at(std::move(mount).error(), word.span);
        Origin origin;
        if (mount->from && mount->from->empty()) mount->from.reset(); // means nothing, as in Docker
        if (mount->from) {
            auto resolved = resolve_from(state.file, state.graph, state.index, *mount->from,
                                         state.options.platform, FromKind::mount);
            if (!resolved) return state.fail_at(std::move(resolved).error(), word.span);
            origin = *resolved;
        }
        TRY(settle_target(state, *mount, ssh_count, word.span));
        settle_cache_id(state, *mount);
        planned.push_back({.mount = std::move(*mount), .origin = origin, .span = word.span});
    }
    return planned;
}

void take_mounts(RunOp& op, std::vector<PlannedMount> planned) {
    const auto ssh = std::ranges::find(planned, MountType::ssh,
                                       [](const PlannedMount& one) { return one.mount.type; });
    const bool agent_set = std::ranges::any_of(
        op.env, [](const std::string& entry) { return entry.starts_with("SSH_AUTH_SOCK="); });
    if (ssh != planned.end() && !agent_set) op.env.push_back("SSH_AUTH_SOCK=" + ssh->mount.target);
    std::ranges::stable_sort(planned, {}, [](const PlannedMount& one) -> const std::string& {
        return one.mount.target;
    });
    for (PlannedMount& one : planned) {
        op.mounts.push_back(std::move(one.mount));
        op.mount_origins.push_back(one.origin);
        op.mount_spans.push_back(one.span);
    }
}

std::string sandbox_hostname(const StageState& state) {
    const auto found = state.options.build_args.find("BUILDKIT_SANDBOX_HOSTNAME");
    return found == state.options.build_args.end() ? "" : found->second;
}

/// The one heredoc of a RUN: a script of its own when it says by `#!` what runs it, else text for
/// SHELL.
Status plan_script(const StageState& state, const Heredoc& heredoc, RunOp& op) {
    std::string script = heredoc.content();
    if (!script.starts_with("#!")) {
        op.argv = state.in_shell(script);
        return {};
    }
    const std::string& name = heredoc.name;
    if (name.empty() || name == "." || name == ".." || name.find('/') != name.npos)
        return state.fail_at(
            Error{.code = ErrorCode::invalid,
                  .message = "a heredoc named " + printable(name) + " cannot be a script",
                  .hint = "the delimiter is the name of the script's file: "
                          "choose one without /"},
            heredoc.span);
    op.argv = state.in_shell("/dev/pipes/" + name);
    op.script_files.emplace_back(name, std::move(script));
    return {};
}

/// `NAME=VALUE` of every declared ARG, with the value that steps see: ENV may have changed it.
std::vector<std::string> declared_values(const StageState& state) {
    std::vector<std::string> values;
    for (const std::string& name : state.args.order) {
        auto value = state.env.get(name);
        if (!value) value = state.args.values.at(name);
        values.push_back(name + "=" + value.value_or(""));
    }
    return values;
}

/// Proxies that no ARG has the value of: that one is an ordinary arg.
std::vector<std::string> undeclared_proxies(const StageState& state) {
    auto entries = proxy_environment(state.options.build_args);
    std::erase_if(entries, [&](std::string_view entry) {
        const auto found = state.args.values.find(std::string(entry.substr(0, entry.find('='))));
        return found != state.args.values.end() && found->second.has_value();
    });
    return entries;
}

/// What a Dockerfile may not take without the word of who builds it.
Status check_entitlements(const StageState& state, const Run& run) {
    const auto refuse = [&](const Word& flag, std::string_view entitlement, std::string_view what) {
        return state.fail_at(
            Error{.code = ErrorCode::denied,
                  .message = fmt::format("{} is not allowed", entitlement),
                  .hint =
                      fmt::format("this step asks for {}; if you trust the Dockerfile, build it "
                                  "with --allow {}",
                                  what, entitlement)},
            flag.span);
    };
    if (run.network && run.network->text == "host" && !state.options.allow_host_network)
        return refuse(*run.network, "network.host", "the network of this machine");
    if (run.security && run.security->text == "insecure" && !state.options.allow_insecure)
        return refuse(*run.security, "security.insecure", "all of root's privileges");
    return {};
}

} // namespace

Status fold(StageState& state, const Run& run, Step& step) {
    if (!run.devices.empty())
        return state.fail_at(Error{.code = ErrorCode::unsupported,
                                   .message = "RUN --device is not supported",
                                   .hint = "docker has it in its labs channel only"},
                             run.devices.front().span);
    TRY(check_entitlements(state, run));
    RunOp op{.env = state.env.entries(),
             .proxy_env = undeclared_proxies(state),
             .user = state.config.user,
             .working_dir = state.directory(),
             .hostname = sandbox_hostname(state)};
    if (run.network) op.network = run.network->text;
    if (run.security) op.security = run.security->text;
    if (run.is_script)
        TRY(plan_script(state, run.heredocs.front(), op));
    else
        op.argv = state.argv(run.command);
    TRY_ASSIGN(auto mounts, plan_mounts(state, run));
    take_mounts(op, std::move(mounts));
    step.created_by = run_history(declared_values(state), op.argv);
    step.makes_layer = true;
    step.op = std::move(op);
    return {};
}

} // namespace mybuild::plan
