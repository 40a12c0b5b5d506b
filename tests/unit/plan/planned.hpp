#pragma once

#include "builder/plan/steps.hpp"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild::plan::test {

using Words = std::vector<std::string>;

/// What a plan is made with, apart from the Dockerfile.
struct Given {
    std::map<std::string, std::string> build_args = {};
    std::optional<std::string> target = {};
    std::vector<std::pair<std::string, std::string>> labels = {};
    std::string platform = "linux/amd64";
    bool platform_given = false;
    std::string build_platform = "linux/amd64";
    /// Configs by familiar name (`base:latest`); other images have an empty one.
    std::map<std::string, oci::ImageConfig> images = {};
    std::vector<std::string> contexts = {}; ///< --build-context
    bool allow_host_network = false;
    bool allow_insecure = false;
};

/// A Dockerfile with the plans of all stages that the target needs.
struct Planned {
    std::unique_ptr<const Dockerfile> file;
    PlanOptions options;
    StageGraph graph = {};
    std::map<std::size_t, StagePlan> stages = {};

    [[nodiscard]] const StagePlan& target() const { return stages.at(graph.target); }
    [[nodiscard]] const Step& step(std::size_t index) const { return target().steps.at(index); }
    template <class Op>
    [[nodiscard]] const Op& op(std::size_t index) const {
        return std::get<Op>(step(index).op);
    }
    [[nodiscard]] const Step& last() const { return target().steps.back(); }
    [[nodiscard]] const oci::ImageConfig& config() const { return target().config; }
};

/// Parses and plans as a build does; a failure of any part is the result.
Result<Planned> try_plan(std::string_view text, const Given& given = {});
/// The same where it is bound to succeed.
Planned plan_text(std::string_view text, const Given& given = {});

/// `LINE:FIRST-LAST message`, columns from 1, of the error that planning ends with; no place: `-`.
std::string failure(std::string_view text, const Given& given = {});
/// All errors that planning ends with, in that form.
std::vector<std::string> failures(std::string_view text, const Given& given = {});
/// Its hint and notes, each after ` / `.
std::string advice(std::string_view text, const Given& given = {});
/// An error as failure() shows it.
std::string shown(const Error& error);
/// What the target uses and nobody has set, as failure() shows errors.
std::vector<std::string> unset(const Planned& planned);

/// The created_by of all steps of the target that have history.
std::vector<std::string> history(std::string_view text, const Given& given = {});

/// `stage 1`, `scratch`, `image alpine:latest linux/amd64`.
std::string shown(const Origin& origin);

} // namespace mybuild::plan::test

namespace doctest {

/// Lists are shown in failures.
template <>
struct StringMaker<std::vector<std::string>> {
    static String convert(const std::vector<std::string>& words) {
        std::string text = "{";
        for (const auto& word : words)
            text += " \"" + word + "\"";
        return (text + " }").c_str();
    }
};

} // namespace doctest
