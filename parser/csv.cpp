#include "parser/csv.hpp"

#include "parser/grammar/context.hpp"

#include <fmt/format.h>

#include <array>

namespace mybuild {
namespace {

namespace x3 = grammar::x3;
using grammar::Iterator;

const x3::rule<struct FieldId, std::string> field = "field";
const x3::rule<struct FieldsId, std::vector<std::string>> fields = "fields";
const x3::rule<struct ClosingQuoteId> closing_quote = "a closing \"";
const x3::rule<struct FieldEndId> field_end = "a comma after the closing \"";

const auto closing_quote_def = x3::lit('"');
const auto field_end_def = &x3::lit(',') | x3::eoi;
const auto quoted_text = *((x3::char_ - x3::lit('"')) | ("\"\"" >> x3::attr('"')));
const auto quoted_field = (x3::lit('"') >> quoted_text) > closing_quote > field_end;
const auto plain_field = *(x3::char_ - x3::char_(",\""));
const auto field_def = quoted_field | plain_field;
const auto fields_def = field % ',';

BOOST_SPIRIT_DEFINE(field, fields, closing_quote, field_end)

Error broken(std::string_view text, std::string_view why) {
    Error error{ErrorCode::syntax,
                fmt::format("broken comma-separated list {}: {}", text::quoted(text), why)};
    error.hint = "put the whole field in double quotes, and write \"\" for a quote inside";
    return error;
}

} // namespace

Result<std::vector<std::string>> parse_csv(std::string_view text) {
    std::vector<std::string> out;
    if (text.empty()) return out;
    auto at = text.data();
    const auto end = at + text.size();
    try {
        if (x3::parse(at, end, fields, out) && at == end) return out;
    } catch (const x3::expectation_failure<Iterator>& failure) {
        return fail(broken(text, fmt::format("{} is missing", failure.which())));
    }
    return fail(broken(text, "a quote stands inside a field that does not begin with one"));
}

Result<std::vector<Option>> parse_csv_options(std::string_view text) {
    TRY_ASSIGN(const auto all, parse_csv(text));
    std::vector<Option> out;
    for (const auto& one : all) {
        const auto equals = one.find('=');
        auto& option = out.emplace_back(Option{one.substr(0, equals)});
        if (equals != std::string::npos) option.value = one.substr(equals + 1);
    }
    return out;
}

std::optional<bool> parse_bool(std::string_view text) {
    constexpr std::array<std::string_view, 6> yes{"1", "t", "T", "true", "TRUE", "True"};
    constexpr std::array<std::string_view, 6> no{"0", "f", "F", "false", "FALSE", "False"};
    for (std::size_t i = 0; i < yes.size(); ++i) {
        if (text == yes[i]) return true;
        if (text == no[i]) return false;
    }
    return std::nullopt;
}

} // namespace mybuild
