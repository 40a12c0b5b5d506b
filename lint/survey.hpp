#pragma once

#include "lint/subject.hpp"
#include "parser/parse.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace mybuild::lint {

/// The config of a base image, if it is at hand.
using FindConfig = std::function<std::optional<oci::ImageConfig>(const plan::FromImage&)>;

/// A Dockerfile read and planned as far as it goes, without building anything: what checks, outline
/// and targets are made of.
struct Survey {
    ParseOutcome parsed = {};
    std::optional<plan::StageGraph> graph =
        {};                                  ///< none after errors in how the stages hang together
    std::vector<plan::StagePlan> plans = {}; ///< by stage
    std::vector<bool> planned = {};          ///< by stage
    std::vector<bool> base_known = {};       ///< by stage: its image's config was at hand
    std::vector<Error> errors = {};          ///< of all kinds, in the order of their places
    std::vector<plan::FromImage> missing = {}; ///< images that stages start from, not at hand

    [[nodiscard]] Subject subject(const plan::PlanOptions& options,
                                  const IgnoreRules* ignore) const;
};

/// Without a target, all stages are planned; with one, those that it needs. `options` outlives
/// the result.
[[nodiscard]] Survey survey(std::shared_ptr<const Source> dockerfile,
                            const plan::PlanOptions& options, const FindConfig& find_config);

} // namespace mybuild::lint
