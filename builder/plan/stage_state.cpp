#include "builder/plan/stage_state.hpp"

#include "base/render.hpp"
#include "builder/plan/paths.hpp"
#include "builder/plan/predefined.hpp"
#include "parser/suggest.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mybuild::plan {

namespace {

constexpr std::string_view default_path =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool has_entry(const std::vector<std::string>& entries, std::string_view name) {
    return std::ranges::any_of(
        entries, [&](std::string_view entry) { return entry.substr(0, entry.find('=')) == name; });
}

} // namespace

void DeclaredArgs::declare(const std::string& name, const std::optional<std::string>& value) {
    const auto [entry, is_new] = values.try_emplace(name, value);
    if (is_new)
        order.push_back(name);
    else if (value)
        entry->second = value;
}

void set_entry(std::vector<std::string>& entries, std::string_view name, std::string_view value) {
    std::string entry = fmt::format("{}={}", name, value);
    const auto old = std::ranges::find_if(
        entries, [&](std::string_view other) { return other.substr(0, other.find('=')) == name; });
    if (old != entries.end())
        *old = std::move(entry);
    else
        entries.push_back(std::move(entry));
}

Expander StageState::expander() {
    return Expander(
        file,
        [this](std::string_view name) {
            failed.look_up(name);
            return env.get(name);
        },
        [this](std::string_view name) { return args.has(name) || failed.has(name); },
        [this](std::string_view name) { return guess_for(name); }, unset);
}

Guess StageState::guess_for(std::string_view name) const {
    if (graph.global_args.contains(std::string(name)))
        return {"", fmt::format("what is declared before the first FROM is seen in a stage after "
                                "ARG {0}: add a line ARG {0}",
                                printable(name))};
    std::vector<std::string_view> names = env.names();
    names.insert(names.end(), args.order.begin(), args.order.end());
    if (const auto near = nearest(name, names))
        return {std::string(*near), fmt::format("did you mean ${}?", printable(*near))};
    return {"", "set it with ENV, or declare it with ARG and give it with --build-arg"};
}

std::vector<std::string> StageState::in_shell(const std::string& text) const {
    std::vector<std::string> argv = config.shell;
    if (argv.empty()) argv = {"/bin/sh", "-c"};
    argv.push_back(text);
    return argv;
}

std::vector<std::string> StageState::argv(const CommandLine& command) const {
    if (command.form == Form::exec) return command.args;
    return in_shell(command.args.empty() ? std::string() : command.args.front());
}

std::string StageState::directory() const {
    return clean_path("/", config.working_dir);
}

StageState begin_stage(const Dockerfile& file, const StageGraph& graph, std::size_t index,
                       const StageBase& base, const PlanOptions& options) {
    StageState state{.file = file, .graph = graph, .options = options, .index = index};
    state.failed = base.failed_names;
    oci::ImageConfig& config = state.config;
    const Origin& origin = graph.stages[index].base;
    if (std::holds_alternative<FromScratch>(origin) ||
        std::holds_alternative<FromContext>(origin)) {
        config.platform = graph.stages[index].platform;
        config.working_dir = "/";
    } else {
        config = base.config;
    }
    config.created.clear();
    config.history.clear();
    config.diff_ids.clear();
    config.on_build.clear();
    if (!config.working_dir.empty()) config.working_dir = next_workdir("/", config.working_dir);
    if (!has_entry(config.env, "PATH")) set_entry(config.env, "PATH", default_path);
    state.env = Environment(config.env);
    for (const std::string& name : base.declared_order) {
        const auto found = base.inherited_args.find(name);
        if (found != base.inherited_args.end()) state.args.declare(name, found->second);
    }
    for (const auto& [name, value] : base.inherited_args)
        state.args.declare(name, value);
    // What the base put into its image wins over an ARG of the same name that it had besides.
    for (const std::string& name : state.args.order) {
        const auto& value = state.args.values[name];
        if (value && !state.env.has(name) && !is_kept_from_environment(name))
            state.env.set(name, *value);
    }
    return state;
}

} // namespace mybuild::plan
