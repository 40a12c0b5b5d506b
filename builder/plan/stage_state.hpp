#pragma once

#include "builder/plan/environment.hpp"
#include "builder/plan/expansion.hpp"
#include "builder/plan/steps.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild::plan {

/// The ARGs of a stage, inherited ones included.
struct DeclaredArgs {
    std::map<std::string, std::optional<std::string>> values;
    std::vector<std::string> order; ///< of first declaration

    /// A declaration without a value leaves an earlier value alone.
    void declare(const std::string& name, const std::optional<std::string>& value);
    [[nodiscard]] bool has(std::string_view name) const {
        return values.contains(std::string(name));
    }
};

/// What a stage is like between two of its instructions.
struct StageState {
    const Dockerfile& file;
    const StageGraph& graph;
    const PlanOptions& options;
    std::size_t index = 0;

    oci::ImageConfig config = {}; ///< without created, history and diff ids
    Environment env = {};         ///< ENV and ARG, as build steps see them
    DeclaredArgs args = {};
    bool cmd_set = false; ///< this stage has a CMD of its own
    FailedNames failed = {};
    std::vector<UnsetVariable> unset = {};

    /// For the words of one instruction; to be used before the state changes.
    [[nodiscard]] Expander expander();
    [[nodiscard]] tl::unexpected<Error> fail_at(Error error, Span span) const {
        return fail(std::move(error).at(file.source, span));
    }
    /// SHELL and one text for it.
    [[nodiscard]] std::vector<std::string> in_shell(const std::string& text) const;
    /// The argv of a command of either form.
    [[nodiscard]] std::vector<std::string> argv(const CommandLine& command) const;
    /// WORKDIR as an absolute, clean path.
    [[nodiscard]] std::string directory() const;

  private:
    [[nodiscard]] Guess guess_for(std::string_view name) const;
};

/// Sets `K=V` in a list of such entries, in its old place if it has one.
void set_entry(std::vector<std::string>& entries, std::string_view name, std::string_view value);

/// The state in which a stage begins: its base's config with PATH, its base stage's args. Triggers
/// are taken out of the config.
[[nodiscard]] StageState begin_stage(const Dockerfile& file, const StageGraph& graph,
                                     std::size_t index, const StageBase& base,
                                     const PlanOptions& options);

} // namespace mybuild::plan
