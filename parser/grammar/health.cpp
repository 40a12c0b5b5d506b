#include "parser/duration.hpp"
#include "parser/grammar/clause.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

#include <charconv>

namespace mybuild::grammar {
namespace {

Result<std::chrono::nanoseconds> interval(const Clause& clause, const FlagValues& flags,
                                          std::string_view flag) {
    using namespace std::chrono_literals;
    const auto word = flags.text(flag);
    if (!word) return 0ns;
    const auto duration = parse_duration(word->text);
    if (!duration) {
        return fail(clause.invalid(duration.error().message, word->span, duration.error().hint));
    }
    if (*duration != 0ns && *duration < 1ms) {
        return fail(clause.invalid(fmt::format("Interval \"{}\" cannot be less than 1ms", flag),
                                   word->span, "leave the flag out to have the default"));
    }
    return *duration;
}

Result<std::int64_t> retries(const Clause& clause, const FlagValues& flags) {
    const auto word = flags.text("retries");
    if (!word) return 0;
    std::int32_t count = 0;
    std::string_view digits = word->text;
    if (digits.size() > 1 && digits.front() == '+' && digits[1] != '-') digits.remove_prefix(1);
    const auto* const begin = digits.data();
    const auto* const end = begin + digits.size();
    const auto [stop, problem] = std::from_chars(begin, end, count);
    if (problem == std::errc::result_out_of_range) {
        return fail(clause.invalid(
            fmt::format("--retries is out of range: {}", text::shortened(word->text)), word->span,
            "write --retries=3"));
    }
    if (problem != std::errc{} || stop != end) {
        return fail(clause.invalid(
            fmt::format("--retries is not a whole number: {}", text::shortened(word->text)),
            word->span, "write --retries=3"));
    }
    if (count < 0) {
        return fail(clause.invalid(fmt::format("--retries cannot be negative ({})", count),
                                   word->span, "leave the flag out to have the default"));
    }
    return count;
}

Result<Healthcheck> none(const Clause& clause, std::string_view rest) {
    if (!rest.empty())
        return fail(clause.invalid("HEALTHCHECK NONE takes no arguments", rest, "remove them"));
    warn_of_flags(clause);
    Healthcheck health;
    health.none = true;
    return health;
}

} // namespace

Result<InstructionBody> build_healthcheck(const Clause& clause) {
    const auto arguments = clause.arguments();
    if (arguments.empty()) {
        return fail(clause.invalid("HEALTHCHECK requires at least one argument", clause.whole(),
                                   "write HEALTHCHECK CMD command, or HEALTHCHECK NONE"));
    }
    const auto type = arguments.substr(0, arguments.find_first_of(" \t\n\v\f\r"));
    const auto rest = text::trim_left(arguments.substr(type.size()));
    if (text::equal_ignoring_case(type, "NONE")) return none(clause, rest);

    Healthcheck health;
    TRY_ASSIGN(health.test, command_line(clause, rest));
    TRY_ASSIGN(const auto flags, FlagValues::read(clause, {{"interval", FlagKind::text},
                                                           {"timeout", FlagKind::text},
                                                           {"start-period", FlagKind::text},
                                                           {"start-interval", FlagKind::text},
                                                           {"retries", FlagKind::text}}));
    if (!text::equal_ignoring_case(type, "CMD")) {
        return fail(clause.invalid(fmt::format("Unknown type {} in HEALTHCHECK (try CMD)",
                                               text::quoted(text::upper(type))),
                                   type, "write HEALTHCHECK CMD before the command"));
    }
    if (rest.empty() || health.test.args.empty()) {
        return fail(clause.invalid("Missing command after HEALTHCHECK CMD", clause.whole(),
                                   "write the command after CMD; HEALTHCHECK NONE switches a "
                                   "check of the base off"));
    }
    TRY_ASSIGN(health.interval, interval(clause, flags, "interval"));
    TRY_ASSIGN(health.timeout, interval(clause, flags, "timeout"));
    TRY_ASSIGN(health.start_period, interval(clause, flags, "start-period"));
    TRY_ASSIGN(health.start_interval, interval(clause, flags, "start-interval"));
    TRY_ASSIGN(health.retries, retries(clause, flags));
    return health;
}

} // namespace mybuild::grammar
