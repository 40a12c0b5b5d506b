#include "lint/survey.hpp"

#include "base/error_list.hpp"
#include "builder/plan/predefined.hpp"

#include <algorithm>

namespace mybuild::lint {
namespace {

/// Plans stages one after the other: each after the one it is based on.
class Surveyor {
  public:
    Surveyor(Survey& survey, const plan::PlanOptions& options, const FindConfig& find_config,
             ErrorList& errors)
        : m_survey(survey), m_options(options), m_find_config(find_config), m_errors(errors) {}

    void run() {
        const auto count = m_survey.graph->stages.size();
        m_survey.plans.resize(count);
        m_survey.planned.resize(count);
        m_survey.base_known.resize(count);
        m_configs.resize(count);
        // Triggers of base images may make further stages reachable.
        for (std::size_t stage = 0; stage < count; ++stage)
            find_base(stage);
        const bool all = !m_options.target || m_options.target->empty();
        for (std::size_t stage = 0; stage < count; ++stage)
            if (all || m_survey.graph->stages[stage].reachable) plan_one(stage);
    }

  private:
    void find_base(std::size_t stage) {
        auto& graph = *m_survey.graph;
        const auto* image = std::get_if<plan::FromImage>(&graph.stages[stage].base);
        if (image == nullptr) return;
        m_configs[stage] = m_find_config(*image);
        if (!m_configs[stage] || m_configs[stage]->on_build.empty()) return;
        m_errors.take(plan::add_trigger_needs(m_survey.parsed.file, graph, stage,
                                              m_configs[stage]->on_build, m_options));
    }

    void plan_one(std::size_t stage) {
        const auto& node = m_survey.graph->stages[stage];
        plan::StageBase base;
        if (const auto* below = std::get_if<plan::FromStage>(&node.base)) {
            base = plan::base_from(m_survey.plans[below->index]);
            m_survey.base_known[stage] = m_survey.base_known[below->index];
        } else if (const auto* image = std::get_if<plan::FromImage>(&node.base)) {
            m_survey.base_known[stage] = m_configs[stage].has_value();
            if (m_configs[stage])
                base.config = *m_configs[stage];
            else
                base.config.platform = node.platform;
            auto& missing = m_survey.missing;
            if (!m_configs[stage] && std::ranges::find(missing, *image) == missing.end())
                missing.push_back(*image);
        } else {
            m_survey.base_known[stage] = true; // it sets nothing
        }
        auto& plan = m_survey.plans[stage];
        plan = plan::plan_stage(m_survey.parsed.file, *m_survey.graph, stage, base, m_options);
        m_survey.planned[stage] = true;
        for (const Error& error : plan.errors)
            m_errors.add(error);
    }

    Survey& m_survey;
    const plan::PlanOptions& m_options;
    const FindConfig& m_find_config;
    ErrorList& m_errors;
    std::vector<std::optional<oci::ImageConfig>> m_configs;
};

} // namespace

Subject Survey::subject(const plan::PlanOptions& options, const IgnoreRules* ignore) const {
    return {.file = parsed.file,
            .options = options,
            .parse_warnings = parsed.warnings,
            .complete = parsed.errors.empty(),
            .ignore = ignore,
            .graph = graph ? &*graph : nullptr,
            .plans = plans,
            .planned = planned,
            .base_known = base_known};
}

Survey survey(std::shared_ptr<const Source> dockerfile, const plan::PlanOptions& options,
              const FindConfig& find_config) {
    Survey result;
    result.parsed = parse_dockerfile(std::move(dockerfile), plan::parse_options(options));
    ErrorList errors;
    for (const Error& error : result.parsed.errors)
        errors.add(error);
    const bool stages_known = result.parsed.stages_known && !result.parsed.file.stages.empty();
    if (stages_known) {
        auto graph = plan::plan_stages(result.parsed.file, options);
        if (!graph) errors.add(std::move(graph).error());
        // An instruction that could not be read may have set what others use: no plans then.
        else if (result.parsed.errors.empty())
            result.graph = std::move(*graph);
    }
    if (result.graph) Surveyor(result, options, find_config, errors).run();
    result.errors = std::move(errors).sorted();
    return result;
}

} // namespace mybuild::lint
