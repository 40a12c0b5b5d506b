#pragma once

#include "builder/plan/global_args.hpp"
#include "lint/report.hpp"
#include "lint/shell.hpp"
#include "lint/subject.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What several rules need. Rules are values of type Rule: rules/table.hpp declares them.
namespace mybuild::lint {

/// Calls `f(stage index, step)` for every step of every stage that was planned.
template <class F>
void each_step(const Subject& subject, F f) {
    for (std::size_t stage = 0; stage < subject.plans.size(); ++stage)
        if (subject.planned[stage])
            for (const plan::Step& step : subject.plans[stage].steps)
                f(stage, step);
}

/// The body of a step's instruction if it is a `Body`, else null.
template <class Body>
const Body* body_of(const plan::Step& step) {
    return step.instruction ? std::get_if<Body>(&step.instruction->body) : nullptr;
}

/// The keyword as it was written, also of a trigger.
[[nodiscard]] std::string_view keyword_of(const plan::Step& step);

/// The number of the line that `offset` is in, from 1.
[[nodiscard]] std::uint32_t line_of(const Subject& subject, std::uint32_t offset);

/// Where `word` stands in `within`, blanks or punctuation around it; all of `within` if nowhere.
[[nodiscard]] Span find_word(const Subject& subject, Span within, std::string_view word);

/// The text of an instruction as written on one line, with what `part` covers replaced.
[[nodiscard]] std::string with_replaced(const Subject& subject, const Instruction& instruction,
                                        Span part, std::string_view by);

/// The same, with another name for the variable `$NAME` (or `${NAME`) that `part` covers.
[[nodiscard]] std::string with_variable(const Subject& subject, const Instruction& instruction,
                                        Span part, std::string_view name);

/// What FROM lines see; errors in the ARGs are of no account here.
[[nodiscard]] plan::GlobalScope global_scope(const Subject& subject,
                                             const plan::PlanOptions& options);

/// By stage: whether its layers are in an image that somebody uses, since it is a stage that no
/// other one needs, or below such a stage. What stages that are only copied from leave in their
/// layers costs nobody anything.
[[nodiscard]] std::vector<bool> shipped_stages(const Subject& subject);

/// Commands of a RUN that a POSIX shell gets; none for others, such as PowerShell.
[[nodiscard]] std::vector<ShellCommand> commands_of_step(const plan::Step& step);

/// Whether a mount of the step covers `path` or something it is in: what is written there is in no
/// layer.
[[nodiscard]] bool is_mounted(const plan::Step& step, std::string_view path);

/// A value of ENV and LABEL in double quotes. `literal`: also what would be expanded stays as it
/// is.
enum class Dollars : std::uint8_t { expand, literal };
[[nodiscard]] std::string quoted_value(std::string_view text, char escape, Dollars dollars);

/// Whether one of the commands is an `rm` of `path`, of something it is in, or of all in it.
[[nodiscard]] bool is_removed(const plan::Step& step, const std::vector<ShellCommand>& commands,
                              std::string_view path);

} // namespace mybuild::lint
