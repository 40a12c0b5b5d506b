#include "cli/build_inputs.hpp"

#include "cli/build_context.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace mybuild::cli {
namespace {

std::map<std::string, std::string> resolve_args(const BuildCommand& command) {
    std::map<std::string, std::string> args;
    for (const auto& [name, value] : command.build_args) {
        if (value) {
            args[name] = *value;
        } else if (const auto* from_environment = std::getenv(name.c_str())) {
            args[name] = from_environment;
        }
    }
    // As buildx and buildctl do: whoever sets it wants every tool to use it.
    const auto* const epoch = std::getenv("SOURCE_DATE_EPOCH");
    if (epoch != nullptr && *epoch != '\0') args.emplace("SOURCE_DATE_EPOCH", epoch);
    return args;
}

/// The named contexts, paths of directories made canonical.
Result<plan::NamedContexts> resolve_contexts(plan::NamedContexts contexts) {
    for (auto& [name, spec] : contexts) {
        if (spec.kind != plan::ContextSpec::Kind::directory) continue;
        auto path = canonical_directory(spec.text);
        if (!path)
            return fail(
                std::move(path).error().in(fmt::format("failed to get build context {}", name)));
        spec.text = *std::move(path);
    }
    return contexts;
}

} // namespace

Result<plan::PlanOptions> make_plan_options(const BuildCommand& command) {
    plan::PlanOptions plan;
    plan.build_args = resolve_args(command);
    TRY_ASSIGN(plan.contexts, resolve_contexts(command.contexts));
    plan.target = command.target;
    plan.labels = command.labels;
    plan.build_platform = oci::host_platform();
    plan.platform = plan.build_platform;
    if (command.platform) {
        TRY_ASSIGN(plan.platform, oci::parse_platform(*command.platform));
        plan.platform_given = true;
    }
    // --network host is the word of the caller, too.
    plan.allow_host_network = command.allowed.host_network || command.network == "host";
    plan.allow_insecure = command.allowed.insecure;
    return plan;
}

Result<BuildRequest> make_request(Wire& wire, const BuildCommand& command, const Remote& remote) {
    BuildRequest request;
    TRY_ASSIGN(auto opened, open_context(wire, command, remote));
    request.dockerfile = std::move(opened.dockerfile);
    request.context = std::move(opened.context);

    TRY_ASSIGN(request.plan, make_plan_options(command));
    request.run = {command.network, command.added_hosts};
    request.shm_size = command.shm_size;
    request.limits = command.limits;
    request.no_cache = command.no_cache;
    request.pull = command.pull;
    for (const auto& text : command.tags) {
        auto tag = oci::parse_reference(text);
        if (!tag) {
            auto error = std::move(tag).error().in(fmt::format("invalid tag \"{}\"", text));
            error.code = ErrorCode::usage;
            return fail(std::move(error));
        }
        if (tag->digest) {
            return fail(
                {ErrorCode::usage,
                 fmt::format("invalid tag \"{}\": build tag cannot contain a digest", text)});
        }
        request.tags.push_back(std::move(*tag));
    }
    return request;
}

} // namespace mybuild::cli
