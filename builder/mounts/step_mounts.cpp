#include "builder/mounts/step_mounts.hpp"

#include "base/mount.hpp"
#include "builder/copy/stage_tree.hpp"
#include "builder/mounts/agent_socket.hpp"
#include "builder/mounts/cache_requests.hpp"
#include "builder/mounts/mount_keys.hpp"
#include "builder/mounts/mounted_tree.hpp"
#include "builder/ops/copy_sources.hpp"

#include <fmt/format.h>

namespace mybuild {

void set_variable(std::vector<std::string>& env, std::string entry) {
    const auto name = std::string_view(entry).substr(0, entry.find('=') + 1);
    std::erase_if(env, [&](const std::string& text) { return text.starts_with(name); });
    env.push_back(std::move(entry));
}

Result<StepMounts> StepMounts::make(Session& session, StepRef ref, const plan::RunOp& op,
                                    std::stop_token stop) {
    StepMounts mounts;
    for (std::size_t i = 0; i < op.mounts.size(); ++i) {
        auto added = mounts.add(session, op, i, stop);
        if (!added) return fail(session.located(std::move(added).error(), op.mount_spans[i]));
    }
    // Last: what others wait for is not held while anything else is prepared.
    TRY(mounts.add_caches(session, ref, op, std::move(stop)));
    return mounts;
}

void StepMounts::move_into(runtime::SandboxSpec& spec) {
    for (auto& mount : m_mounts)
        spec.mounts.push_back(std::move(mount));
    for (auto& entry : m_env)
        set_variable(spec.env, std::move(entry));
}

void StepMounts::add_bind(const Mount& mount, Fd what) {
    m_mounts.push_back({mount.target, runtime::BindMount{what.get(), mount.read_only}});
    m_open.push_back(std::move(what));
}

Status StepMounts::add(Session& session, const plan::RunOp& op, std::size_t index,
                       std::stop_token stop) {
    const auto& mount = op.mounts[index];
    switch (mount.type) {
    case MountType::tmpfs:
        m_mounts.push_back(
            {mount.target, runtime::TmpfsMount{mount.size, mount.mode, mount.read_only}});
        return {};
    case MountType::secret:
        return add_secret(session, mount);
    case MountType::bind:
        if (auto* context = shown_context(session, mount, op.mount_origins[index]))
            return add_context(session, mount, *context);
        return add_layers(session, mount, op.mount_origins[index], std::move(stop));
    case MountType::cache:
        return {}; // add_caches
    case MountType::ssh:
        return add_ssh(session, mount);
    }
    return {};
}

Status StepMounts::add_secret(Session& session, const Mount& mount) {
    std::optional<std::string> value;
    if (session.ports.secret) {
        TRY_ASSIGN(value, session.ports.secret(mount.id));
    }
    if (!value && mount.required) {
        return fail(
            {ErrorCode::not_found,
             fmt::format("secret {}: not found", mount.id),
             {},
             fmt::format("give it with --secret id={},src=FILE or --secret id={},env=VARIABLE",
                         mount.id, mount.id)});
    }
    if (mount.env) {
        if (value && value->find('\0') != std::string::npos) {
            return fail(
                {ErrorCode::invalid,
                 fmt::format("secret {} has a NUL byte: no environment variable can hold it",
                             mount.id),
                 {},
                 "mount it as a file with target="});
        }
        m_env.push_back(*mount.env + "=" + value.value_or(""));
    }
    if (!mount.target.empty() && value) {
        m_mounts.push_back({mount.target, runtime::FileMount{.content = *std::move(value),
                                                             .mode = mount.mode.value_or(0400),
                                                             .uid = mount.uid.value_or(0),
                                                             .gid = mount.gid.value_or(0),
                                                             .secret = true}});
    }
    return {};
}

/// A socket in memory, which this process serves. Without an agent there is none.
Status StepMounts::add_ssh(Session& session, const Mount& mount) {
    const auto agent = session.ports.ssh_agent ? session.ports.ssh_agent(mount.id) : nullptr;
    if (agent == nullptr) {
        if (!mount.required) return {};
        return fail({ErrorCode::not_found,
                     fmt::format("no SSH key \"{}\" forwarded from the client", mount.id),
                     {},
                     fmt::format("forward an agent with --ssh {0}, or a key with --ssh {0}=FILE",
                                 mount.id)});
    }
    TRY_ASSIGN(auto socket, make_agent_socket(mount.uid.value_or(0), mount.gid.value_or(0),
                                              mount.mode.value_or(0600)));
    TRY_ASSIGN(auto forward, ssh::Forward::start(std::move(socket.listener), agent));
    m_mounts.push_back({mount.target, runtime::BindMount{socket.mount.get(), true}});
    m_open.push_back(std::move(socket.mount));
    m_agents.push_back(std::move(forward));
    return {};
}

/// A bind from a stage or image. What is written to it goes to an upper directory that nobody
/// keeps.
Status StepMounts::add_layers(Session& session, const Mount& mount, const plan::Origin& origin,
                              std::stop_token stop) {
    TRY_ASSIGN(auto source, ops::open_layers(session, origin, std::move(stop)));
    const auto stack = source.layers;
    StageTree tree(session.ports.layers, std::move(source.layers), std::move(source.label));
    TRY_ASSIGN(const auto path, mounted_path(tree, mount.source));
    TRY_ASSIGN(const auto trees, session.ports.layers.trees(stack));
    if (mount.read_only) {
        TRY_ASSIGN(auto root, session.ports.layers.mount_read_only(trees));
        if (!path.empty()) {
            TRY_ASSIGN(root, mount::clone_path(root.get(), path));
        }
        add_bind(mount, std::move(root));
        return {};
    }
    TRY_ASSIGN(auto scratch, session.ports.layers.prepare(trees));
    if (path.empty()) {
        m_mounts.push_back({mount.target, runtime::BindMount{scratch->root(), false}});
    } else {
        TRY_ASSIGN(auto part, mount::clone_path(scratch->root(), path));
        add_bind(mount, std::move(part));
    }
    m_scratches.push_back(std::move(scratch));
    return {};
}

Status StepMounts::add_context(Session& session, const Mount& mount, SourceTree& context) {
    TRY_ASSIGN(auto view, view_context(session.ports.layers, context, mount.source,
                                       mount.read_only ? Writes::refused : Writes::discarded));
    m_mounts.push_back({mount.target, runtime::BindMount{view.fd(), mount.read_only}});
    m_views.push_back(std::move(view));
    return {};
}

Status StepMounts::add_caches(Session& session, StepRef ref, const plan::RunOp& op,
                              std::stop_token stop) {
    TRY_ASSIGN(const auto requests, cache_requests(session, op, stop));
    CacheMounts caches(session.ports.store);
    for (const auto& request : requests) {
        const auto& first = op.mounts[request.mounts.front()];
        const auto waits = [&] {
            session.events.send(event::StepWaiting{
                ref, fmt::format("cache mount {}, which another step uses", first.id)});
        };
        auto cache = caches.take(request.identity, request.use, request.fill, waits, stop);
        if (!cache)
            return fail(
                session.located(std::move(cache).error(), op.mount_spans[request.mounts.front()]));
        for (const auto index : request.mounts) {
            auto part = part_of_cache(*cache, request, op.mounts[index]);
            if (!part) return fail(session.located(std::move(part).error(), op.mount_spans[index]));
            add_bind(op.mounts[index], std::move(*part));
        }
        m_caches.push_back(std::move(*cache));
    }
    return {};
}

} // namespace mybuild
