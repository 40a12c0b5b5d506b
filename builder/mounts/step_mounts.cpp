#include "builder/mounts/step_mounts.hpp"

#include <fmt/format.h>

namespace mybuild {

void set_variable(std::vector<std::string>& env, std::string entry) {
    const auto name = std::string_view(entry).substr(0, entry.find('=') + 1);
    std::erase_if(env, [&](const std::string& text) { return text.starts_with(name); });
    env.push_back(std::move(entry));
}

Result<StepMounts> StepMounts::make(Session& session, const plan::RunOp& op) {
    StepMounts mounts;
    for (std::size_t i = 0; i < op.mounts.size(); ++i) {
        auto added = mounts.add(session, op.mounts[i]);
        if (!added) return fail(session.located(std::move(added).error(), op.mount_spans[i]));
    }
    return mounts;
}

void StepMounts::move_into(runtime::SandboxSpec& spec) {
    for (auto& mount : m_mounts)
        spec.mounts.push_back(std::move(mount));
    for (auto& entry : m_env)
        set_variable(spec.env, std::move(entry));
}

Status StepMounts::add(Session& session, const Mount& mount) {
    switch (mount.type) {
    case MountType::tmpfs:
        m_mounts.push_back(
            {mount.target, runtime::TmpfsMount{mount.size, mount.mode, mount.read_only}});
        return {};
    case MountType::secret:
        return add_secret(session, mount);
    default:
        return fail(
            {ErrorCode::unsupported,
             fmt::format("RUN --mount=type={} is not part of this version", name(mount.type)),
             {},
             "files can come from an earlier COPY"});
    }
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

} // namespace mybuild
