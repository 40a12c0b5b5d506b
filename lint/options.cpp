#include "lint/options.hpp"

#include "parser/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mybuild::lint {
namespace {

constexpr std::size_t most_parts = 3;

tl::unexpected<Error> invalid(std::string message) {
    return fail({ErrorCode::invalid,
                 std::move(message),
                 {},
                 "write skip=RULE,RULE or skip=all, error=true, experimental=RULE, with ; between "
                 "them"});
}

RuleNames read_names(std::string_view text) {
    RuleNames names;
    text = text::trim(text);
    if (text == "all") {
        names.all = true;
        return names;
    }
    for (;;) {
        const auto comma = text.find(',');
        names.names.emplace(text::trim(text.substr(0, comma)));
        if (comma == text.npos) return names;
        text.remove_prefix(comma + 1);
    }
}

/// As Go's ParseBool reads it.
std::optional<bool> read_bool(std::string_view text) {
    constexpr std::array<std::string_view, 6> yes{"1", "t", "T", "true", "TRUE", "True"};
    constexpr std::array<std::string_view, 6> no{"0", "f", "F", "false", "FALSE", "False"};
    if (std::ranges::find(yes, text) != yes.end()) return true;
    if (std::ranges::find(no, text) != no.end()) return false;
    return std::nullopt;
}

Status read_part(std::string_view part, CheckOptions& options) {
    const auto equals = part.find('=');
    if (equals == part.npos) return invalid("invalid check option " + text::quoted(part));
    const auto key = text::trim(part.substr(0, equals));
    const auto value = text::trim(part.substr(equals + 1));
    if (key == "skip") {
        options.skip = read_names(value);
    } else if (key == "experimental") {
        options.experimental = read_names(value);
    } else if (key == "error") {
        const auto error = read_bool(value);
        if (!error)
            return invalid(fmt::format("failed to parse check option {}: {} is neither true nor "
                                       "false",
                                       text::quoted(part), text::quoted(value)));
        options.error = *error;
    } else {
        return invalid("invalid check option " + text::quoted(key));
    }
    return {};
}

} // namespace

void RuleNames::merge(const RuleNames& other) {
    all = all || other.all;
    names.insert(other.names.begin(), other.names.end());
}

Result<CheckOptions> CheckOptions::parse(std::string_view text) {
    CheckOptions options;
    text = text::trim(text);
    if (text.empty()) return options;
    // What stands after the third part belongs to it, as in BuildKit.
    for (std::size_t part = 1;; ++part) {
        const auto end = part < most_parts ? text.find(';') : text.npos;
        TRY(read_part(text.substr(0, end), options));
        if (end == text.npos) return options;
        text.remove_prefix(end + 1);
    }
}

CheckOptions options_of(std::span<const std::string> comments) {
    for (const std::string_view comment : comments) {
        const auto equals = comment.find('=');
        if (equals == comment.npos) continue;
        if (!text::equal_ignoring_case(text::trim_right(comment.substr(0, equals)), "check"))
            continue;
        auto value = text::trim(comment.substr(equals + 1));
        value = value.substr(0, value.find(' '));
        if (value.empty()) continue;
        return CheckOptions::parse(value).value_or(CheckOptions{});
    }
    return {};
}

} // namespace mybuild::lint
