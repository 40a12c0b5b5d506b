#include "lint/outline.hpp"

#include "lint/rules/common.hpp"
#include "parser/text.hpp"
#include "parser/words.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace mybuild::lint {
namespace {

using Names = std::set<std::string, std::less<>>;

/// The first comment that begins with the name, without it.
std::string description_of(const Instruction& instruction, const std::string& name) {
    if (name.empty()) return {};
    for (const std::string& comment : instruction.comments)
        if (comment.starts_with(name + " ")) return comment.substr(name.size() + 1);
    return {};
}

/// An ARG before the first FROM: what is shown of it, and the ARGs that its default is made of.
struct GlobalArg {
    Outline::Arg shown;
    Names parts;
};

class Outliner {
  public:
    Outliner(const Survey& survey, const plan::PlanOptions& options)
        : m_survey(survey), m_options(options), m_seen(survey.plans.size()) {
        for (const Instruction& instruction : survey.parsed.file.global_args)
            for (const ArgItem& item : std::get<Arg>(instruction.body).items)
                add_global(instruction, item);
    }

    Outline run() && {
        const auto& target = m_survey.graph->stages[m_survey.graph->target];
        m_outline.name = target.name;
        m_outline.description = description_of(target.ast->from, target.name);
        visit(m_survey.graph->target);
        const auto by_place = [](const auto& item) { return item.lines.begin; };
        std::ranges::stable_sort(m_outline.args, {}, by_place);
        std::ranges::stable_sort(m_outline.secrets, {}, by_place);
        std::ranges::stable_sort(m_outline.ssh, {}, by_place);
        return std::move(m_outline);
    }

  private:
    /// Names of global ARGs and automatic ones that a word uses.
    Names used_in(const Word& word) const {
        Names names;
        const auto& known = m_survey.graph->global_args;
        (void)expand(
            word.text,
            [&](std::string_view name) -> std::optional<std::string> {
                const auto found = known.find(std::string(name));
                if (found == known.end()) return std::nullopt;
                names.emplace(name);
                return found->second;
            },
            m_survey.parsed.file.directives.escape);
        return names;
    }

    void add_global(const Instruction& instruction, const ArgItem& item) {
        const auto& name = item.name.text;
        Names parts;
        if (item.value && !m_options.build_args.contains(name)) parts = used_in(*item.value);
        // A redefinition in terms of itself has the parts of both.
        if (parts.erase(name) > 0) parts.merge(m_globals[name].parts);
        const auto value = m_survey.graph->global_args.find(name);
        const bool has_value = value != m_survey.graph->global_args.end() && value->second;
        m_globals[name] = {{.name = name,
                            .description = description_of(instruction, name),
                            .value = has_value ? *value->second : "",
                            .lines = instruction.span},
                           std::move(parts)};
    }

    /// Each name once: the stage nearest to the target decides what is shown.
    void show(const Outline::Arg& arg) {
        if (m_shown.insert(arg.name).second) m_outline.args.push_back(arg);
    }
    void show_global(const std::string& name) {
        const auto found = m_globals.find(name);
        if (found == m_globals.end() || m_shown.contains(name)) return;
        show(found->second.shown);
        for (const std::string& part : found->second.parts)
            show_global(part);
    }

    void visit(std::size_t stage) {
        if (m_seen[stage]) return;
        m_seen[stage] = true;
        const auto& node = m_survey.graph->stages[stage];
        const auto& plan = m_survey.plans[stage];
        std::map<std::string, Outline::Arg> own; // the last of a name counts
        for (const plan::Step& step : plan.steps) {
            if (const auto* arg = body_of<Arg>(step)) note_args(plan, step, *arg, own);
            if (const auto* run = std::get_if<plan::RunOp>(&step.op)) show_mounts(step, *run);
        }
        for (const auto& [name, arg] : own)
            show(arg);
        const From& from = node.ast->base();
        for (const std::string& name : used_in(from.image))
            show_global(name);
        if (from.platform)
            for (const std::string& name : used_in(*from.platform))
                show_global(name);
        if (const auto* base = std::get_if<plan::FromStage>(&node.base)) visit(base->index);
        for (const std::size_t needed : node.needs)
            visit(needed);
    }

    void note_args(const plan::StagePlan& plan, const plan::Step& step, const Arg& arg,
                   std::map<std::string, Outline::Arg>& own) {
        for (const ArgItem& item : arg.items) {
            const auto& name = item.name.text;
            const auto global = m_survey.graph->global_args.find(name);
            const bool inherits = !item.value && !m_options.build_args.contains(name) &&
                                  global != m_survey.graph->global_args.end() && global->second;
            if (inherits) {
                show_global(name);
                continue;
            }
            const auto value = plan.args.find(name);
            const bool has_value = value != plan.args.end() && value->second;
            own[name] = {.name = name,
                         .description = description_of(*step.instruction, name),
                         .value = has_value ? *value->second : "",
                         .lines = step.span};
        }
    }

    void show_mounts(const plan::Step& step, const plan::RunOp& run) {
        for (const Mount& mount : run.mounts) {
            const bool is_secret = mount.type == MountType::secret;
            if (!is_secret && mount.type != MountType::ssh) continue;
            auto& list = is_secret ? m_outline.secrets : m_outline.ssh;
            const auto name = mount.id.empty() && !is_secret ? std::string("default") : mount.id;
            if (std::ranges::find(list, name, &Outline::Mount::name) == list.end())
                list.push_back({.name = name, .required = mount.required, .lines = step.span});
        }
    }

    const Survey& m_survey;
    const plan::PlanOptions& m_options;
    std::map<std::string, GlobalArg> m_globals;
    std::vector<bool> m_seen;
    Names m_shown;
    Outline m_outline;
};

} // namespace

Outline outline(const Survey& survey, const plan::PlanOptions& options) {
    return Outliner(survey, options).run();
}

std::vector<Target> targets(const Dockerfile& file) {
    std::vector<Target> targets;
    for (const StageAst& stage : file.stages) {
        const From& from = stage.base();
        Target target{.base = from.image.text, .lines = stage.from.span};
        if (from.alias) target.name = text::lower(from.alias->text);
        if (from.platform) target.platform = from.platform->text;
        target.description = description_of(stage.from, target.name);
        target.is_default = &stage == &file.stages.back();
        targets.push_back(std::move(target));
    }
    return targets;
}

} // namespace mybuild::lint
