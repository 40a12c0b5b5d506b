#include "base/error_list.hpp"
#include "base/render.hpp"
#include "parser/grammar/clause.hpp"
#include "parser/mount.hpp"
#include "parser/suggest.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mybuild::grammar {
namespace {

/// Broken CSV and a variable in from= are errors of the file, whether or not the stage is built;
/// the rest of a mount is read once its values can be expanded.
void check_mounts(const Clause& clause, const std::vector<Word>& mounts, ErrorList& errors) {
    for (const auto& mount : mounts) {
        if (errors.size() == most_shown_errors) return;
        if (auto from = mount_from(mount.text); !from) {
            auto error = std::move(from).error();
            errors.add(clause.invalid(std::move(error.message), mount.span, std::move(error.hint)));
        }
    }
}

/// The flag's value, if it is one of those it can have.
template <std::size_t N>
Result<std::optional<Word>>
choice(const Clause& clause, const FlagValues& flags, std::string_view flag,
       const std::array<std::string_view, N>& choices, fmt::format_string<std::string> message) {
    const auto given = flags.all(flag);
    if (given.empty()) return std::nullopt;
    const auto& word = given.front();
    if (std::find(choices.begin(), choices.end(), word.text) == choices.end()) {
        auto hint = did_you_mean(word.text, choices);
        if (hint.empty()) hint = fmt::format("it can be {}", fmt::join(choices, ", "));
        if (word.text.find('$') != std::string::npos)
            hint += fmt::format("; variables are not replaced in --{}", flag);
        return fail(clause.invalid(fmt::format(message, text::quoted(word.text)), word.span,
                                   std::move(hint)));
    }
    return word;
}

} // namespace

Result<InstructionBody> build_run(const Clause& clause) {
    using namespace std::string_view_literals;
    constexpr std::array networks{"default"sv, "none"sv, "host"sv};
    constexpr std::array modes{"sandbox"sv, "insecure"sv};
    TRY_ASSIGN(const auto flags, FlagValues::read(clause, {{"mount", FlagKind::repeated},
                                                           {"network", FlagKind::text},
                                                           {"security", FlagKind::text},
                                                           {"device", FlagKind::repeated}}));
    Run run;
    run.mounts = flags.all("mount");
    run.devices = flags.all("device");
    ErrorList errors;
    check_mounts(clause, run.mounts, errors);
    auto network = choice(clause, flags, "network", networks, "invalid network mode {}");
    auto security = choice(clause, flags, "security", modes, "security {} is not valid");
    if (network) run.network = *network;
    if (security) run.security = *security;
    errors.take(std::move(network));
    errors.take(std::move(security));
    TRY(std::move(errors).status());

    TRY_ASSIGN(run.command, command_line(clause, clause.arguments()));
    run.heredocs = clause.heredocs;
    if (run.command.form == Form::exec || run.heredocs.empty()) return run;
    run.is_script = run.heredocs.size() == 1 && parse_opener(clause.arguments());
    run.command.args = {run.is_script ? run.heredocs.front().content()
                                      : with_heredocs(clause.arguments(), run.heredocs)};
    return run;
}

} // namespace mybuild::grammar
