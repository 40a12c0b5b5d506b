#include "parser/duration.hpp"

#include "parser/grammar/context.hpp"

#include <boost/fusion/include/adapt_struct.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace mybuild {
namespace {

/// `1.5h`: digits on either side of the point may be missing, not on both.
struct PartNode {
    grammar::Range whole;
    std::string point;
    grammar::Range fraction;
    grammar::Range unit;
};
struct DurationNode {
    bool negative = false;
    std::vector<PartNode> parts;
};

} // namespace
} // namespace mybuild

BOOST_FUSION_ADAPT_STRUCT(mybuild::PartNode, whole, point, fraction, unit)
BOOST_FUSION_ADAPT_STRUCT(mybuild::DurationNode, negative, parts)

namespace mybuild {
namespace {

namespace x3 = grammar::x3;

const x3::rule<struct PartId, PartNode> part = "part of a duration";
const x3::rule<struct DurationId, DurationNode> whole_duration = "duration";

const auto
    part_def = &x3::char_ >> x3::raw[*x3::digit] >>
               *x3::char_('.') >> x3::raw[*x3::digit] >> x3::raw[*(x3::char_ - x3::char_("0-9."))];
const auto sign = ('-' >> x3::attr(true)) | (-x3::lit('+') >> x3::attr(false));
const auto whole_duration_def = sign >> +part;

BOOST_SPIRIT_DEFINE(part, whole_duration)

struct Unit : x3::symbols<std::int64_t> {
    Unit() {
        add("ns", 1)("us", 1'000)("\u00b5s", 1'000)("\u03bcs", 1'000)("ms", 1'000'000);
        add("s", 1'000'000'000)("m", 60'000'000'000)("h", 3'600'000'000'000);
    }
} const unit_symbols;

constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();

/// Digits up to the largest duration; nothing beyond.
std::optional<std::uint64_t> read_whole(std::string_view digits) {
    std::uint64_t value = 0;
    for (const char c : digits) {
        if (value > largest / 10) return std::nullopt;
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
        if (value > largest) return std::nullopt;
    }
    return value;
}

/// The nanoseconds of a fraction of `unit`, rounded as Go does.
std::uint64_t read_fraction(std::string_view digits, std::int64_t unit) {
    double value = 0, scale = 1;
    for (const char c : digits.substr(0, 18)) {
        value = value * 10 + (c - '0');
        scale *= 10;
    }
    return static_cast<std::uint64_t>(value * (static_cast<double>(unit) / scale));
}

Error bad_duration(std::string message) {
    Error error{ErrorCode::invalid, std::move(message)};
    error.hint = "write a number and a unit: 300ms, 30s, 1m30s, 2h";
    return error;
}

Result<std::uint64_t> nanoseconds(const PartNode& node, std::string_view text) {
    const auto invalid = [&] {
        return fail(bad_duration(fmt::format("time: invalid duration {}", text::quoted(text))));
    };
    const auto whole = grammar::view(node.whole), fraction = grammar::view(node.fraction);
    const auto unit = grammar::view(node.unit);
    if (node.point.size() > 1 || (whole.empty() && fraction.empty())) return invalid();
    if (unit.empty()) {
        return fail(
            bad_duration(fmt::format("time: missing unit in duration {}", text::quoted(text))));
    }
    std::int64_t factor = 0;
    auto at = unit.data();
    if (!x3::parse(at, at + unit.size(), unit_symbols >> x3::eoi, factor)) {
        return fail(bad_duration(fmt::format("time: unknown unit {} in duration {}",
                                             text::quoted(unit), text::quoted(text))));
    }
    const auto value = read_whole(whole);
    if (!value || *value > largest / static_cast<std::uint64_t>(factor)) return invalid();
    const auto sum = *value * static_cast<std::uint64_t>(factor) + read_fraction(fraction, factor);
    if (sum > largest) return invalid();
    return sum;
}

/// `value / unit` with as many decimals as it needs.
std::string decimal(std::uint64_t value, std::uint64_t unit) {
    auto out = std::to_string(value / unit);
    if (value % unit == 0) return out;
    auto fraction = std::to_string(unit + value % unit).substr(1);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    return out + "." + fraction;
}

} // namespace

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
    grammar::ParseState state;
    DurationNode node;
    if (!grammar::parse_all(text, state, whole_duration, node))
        return fail(bad_duration(fmt::format("time: invalid duration {}", text::quoted(text))));
    if (text == "0" || text == "-0" || text == "+0") return std::chrono::nanoseconds(0);
    std::uint64_t total = 0;
    for (const auto& one : node.parts) {
        TRY_ASSIGN(const auto value, nanoseconds(one, text));
        total += value; // both below 2^63
        if (total > largest)
            return fail(bad_duration(fmt::format("time: invalid duration {}", text::quoted(text))));
    }
    const auto count = static_cast<std::int64_t>(total);
    return std::chrono::nanoseconds(node.negative ? -count : count);
}

std::string format_duration(std::chrono::nanoseconds duration) {
    const auto count = duration.count();
    if (count == 0) return "0s";
    const auto value =
        count < 0 ? -static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
    const std::string minus = count < 0 ? "-" : "";
    if (value < 1'000) return fmt::format("{}{}ns", minus, value);
    if (value < 1'000'000) return fmt::format("{}{}\u00b5s", minus, decimal(value, 1'000));
    if (value < 1'000'000'000) return fmt::format("{}{}ms", minus, decimal(value, 1'000'000));
    const auto hours = value / 3'600'000'000'000, minutes = value / 60'000'000'000;
    const auto seconds = decimal(value % 60'000'000'000, 1'000'000'000);
    if (minutes == 0) return fmt::format("{}{}s", minus, seconds);
    if (hours == 0) return fmt::format("{}{}m{}s", minus, minutes, seconds);
    return fmt::format("{}{}h{}m{}s", minus, hours, minutes % 60, seconds);
}

} // namespace mybuild
