#include "builder/plan/stop_signal.hpp"

#include "base/render.hpp"
#include "parser/suggest.hpp"
#include "parser/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace mybuild::plan {

namespace {

// signal(7), with the names that Docker's signal package knows.
constexpr std::array<std::string_view, 36> names = {
    "ABRT", "ALRM",   "BUS",  "CHLD",   "CLD",   "CONT", "FPE",  "HUP",   "ILL",
    "INT",  "IO",     "IOT",  "KILL",   "PIPE",  "POLL", "PROF", "PWR",   "QUIT",
    "SEGV", "STKFLT", "STOP", "SYS",    "TERM",  "TRAP", "TSTP", "TTIN",  "TTOU",
    "URG",  "USR1",   "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN", "RTMAX",
};

constexpr int highest_above_min = 15;
constexpr int lowest_below_max = 14;

/// All of `text` as a decimal number, as Go's Atoi reads it.
bool read_number(std::string_view text, long& value) {
    if (text.starts_with('+')) text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
}

bool is_real_time(std::string_view name) {
    const bool above_min = name.starts_with("RTMIN+");
    if (!above_min && !name.starts_with("RTMAX-")) return false;
    const auto digits = name.substr(6);
    long offset = 0;
    const bool plain = digits.find_first_not_of("0123456789") == digits.npos;
    return plain && !digits.starts_with('0') && read_number(digits, offset) &&
           offset <= (above_min ? highest_above_min : lowest_below_max);
}

} // namespace

Status check_stop_signal(std::string_view text) {
    long number = 0;
    if (read_number(text, number) && number != 0) return {};
    const std::string upper = text::upper(text);
    const std::string_view name = std::string_view(upper).substr(upper.starts_with("SIG") ? 3 : 0);
    if (std::ranges::find(names, name) != names.end() || is_real_time(name)) return {};
    std::string hint = "name a signal, for example SIGTERM, or write its number";
    if (const auto near = nearest(name, names))
        hint = "did you mean SIG" + std::string(*near) + "?";
    return fail(Error{.code = ErrorCode::invalid,
                      .message = "invalid signal: " + printable(text),
                      .hint = std::move(hint)});
}

} // namespace mybuild::plan
