#include "parser/grammar/clause.hpp"

#include "base/error_list.hpp"
#include "base/render.hpp"
#include "parser/suggest.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace mybuild::grammar {

Span Clause::span(std::string_view part) const {
    const auto begin = static_cast<std::size_t>(part.data() - line.text.data());
    return line.map.span(begin, begin + part.size());
}

std::string_view Clause::whole() const {
    return arguments().empty() ? head.keyword : arguments();
}

Error Clause::error(ErrorCode code, std::string message, Span where, std::string hint) const {
    Error error{code, std::move(message)};
    error.hint = std::move(hint);
    if (source) error.where = SourceLocation{source, where};
    return error;
}

Error Clause::malformed(std::string message, std::string_view where, std::string hint) const {
    return error(ErrorCode::syntax, std::move(message), span(where), std::move(hint));
}

Error Clause::invalid(std::string message, std::string_view where, std::string hint) const {
    return error(ErrorCode::invalid, std::move(message), span(where), std::move(hint));
}

Error Clause::invalid(std::string message, Span where, std::string hint) const {
    return error(ErrorCode::invalid, std::move(message), where, std::move(hint));
}

void Clause::warn(std::string message, std::string_view where, std::string hint) const {
    warnings.push_back(error(ErrorCode::invalid, std::move(message), span(where), std::move(hint)));
}

namespace {

struct SplitFlag {
    std::string_view name; ///< without the dashes
    std::optional<std::string_view> value;
    Span value_span; ///< the whole flag when it has no value of its own
};

SplitFlag split_flag(const Clause& clause, const RawFlag& flag) {
    const std::string_view text = flag.text;
    const auto equals = text.find('=');
    SplitFlag out{text.substr(2, equals - std::min<std::size_t>(equals, 2)), std::nullopt,
                  clause.span(flag.written)};
    if (equals == std::string_view::npos) return out;
    out.name = text.substr(2, equals - 2);
    out.value = text.substr(equals + 1);
    const auto written_equals = flag.written.find('=');
    if (written_equals != std::string_view::npos && written_equals + 1 < flag.written.size())
        out.value_span = clause.span(flag.written.substr(written_equals + 1));
    return out;
}

/// Flags that are looked for on the wrong instruction.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> owners{{
    {"from", "COPY"},
    {"parents", "COPY"},
    {"checksum", "ADD"},
    {"keep-git-dir", "ADD"},
    {"unpack", "ADD"},
    {"mount", "RUN"},
    {"network", "RUN"},
    {"security", "RUN"},
    {"platform", "FROM"},
}};

Error unknown_flag(const Clause& clause, const RawFlag& flag, std::string_view name,
                   std::initializer_list<FlagRule> rules) {
    std::vector<std::string_view> known;
    for (const auto& rule : rules)
        known.push_back(rule.name);
    const auto owner = std::find_if(owners.begin(), owners.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    std::string hint;
    if (owner != owners.end()) {
        hint = fmt::format("{} has --{}, {} has not", owner->second, name, clause.keyword);
    } else if (const auto near = nearest(name, known)) {
        hint = fmt::format("did you mean --{}?", *near);
    } else if (known.empty()) {
        hint = fmt::format("{} has no flags; if this is no flag, write {} -- before it",
                           clause.keyword, clause.keyword);
    } else {
        hint = fmt::format("{} knows --{}", clause.keyword, fmt::join(known, ", --"));
    }
    return clause.invalid(fmt::format("unknown flag: --{}", text::shortened(name)), flag.written,
                          std::move(hint));
}

/// The error in a flag's value, if there is one.
std::optional<std::string> value_problem(const SplitFlag& flag, FlagKind kind) {
    if (kind != FlagKind::boolean) {
        if (flag.value) return std::nullopt;
        return fmt::format("missing a value on flag: --{}", flag.name);
    }
    if (!flag.value || text::equal_ignoring_case(*flag.value, "true") ||
        text::equal_ignoring_case(*flag.value, "false"))
        return std::nullopt;
    if (flag.value->empty()) return fmt::format("missing a value on flag: --{}", flag.name);
    return fmt::format("expecting boolean value for flag --{}, not: {}", flag.name,
                       text::shortened(*flag.value));
}

} // namespace

Result<FlagValues> FlagValues::read(const Clause& clause, std::initializer_list<FlagRule> rules) {
    FlagValues values;
    ErrorList errors;
    for (const auto& raw : clause.head.flags) {
        if (errors.size() == most_shown_errors) break;
        const auto flag = split_flag(clause, raw);
        const auto rule = std::find_if(rules.begin(), rules.end(), [&](const FlagRule& candidate) {
            return candidate.name == flag.name;
        });
        if (rule == rules.end()) {
            errors.add(unknown_flag(clause, raw, flag.name, rules));
            continue;
        }
        const auto seen = [&] {
            return std::any_of(values.m_given.begin(), values.m_given.end(),
                               [&](const Given& given) { return given.name == rule->name; });
        };
        if (rule->kind != FlagKind::repeated && seen()) {
            errors.add(clause.invalid(fmt::format("duplicate flag specified: --{}", flag.name),
                                      raw.written, "remove one of them"));
            continue;
        }
        if (auto problem = value_problem(flag, rule->kind)) {
            const auto hint = rule->kind == FlagKind::boolean
                                  ? fmt::format("write --{0} or --{0}=false", flag.name)
                                  : fmt::format("write --{}=VALUE", flag.name);
            errors.add(clause.invalid(std::move(*problem), raw.written, hint));
            continue;
        }
        values.m_given.push_back(
            {rule->name, {std::string(flag.value.value_or("true")), flag.value_span}});
    }
    TRY(std::move(errors).status());
    return values;
}

std::optional<Word> FlagValues::text(std::string_view name) const {
    for (const auto& given : m_given)
        if (given.name == name && !given.value.text.empty()) return given.value;
    return std::nullopt;
}

std::optional<bool> FlagValues::boolean(std::string_view name) const {
    for (const auto& given : m_given)
        if (given.name == name) return text::equal_ignoring_case(given.value.text, "true");
    return std::nullopt;
}

std::vector<Word> FlagValues::all(std::string_view name) const {
    std::vector<Word> out;
    for (const auto& given : m_given)
        if (given.name == name) out.push_back(given.value);
    return out;
}

Status no_flags(const Clause& clause) {
    TRY(FlagValues::read(clause, {}));
    return {};
}

void warn_of_flags(const Clause& clause) {
    for (const auto& flag : clause.head.flags) {
        clause.warn(
            fmt::format("unknown flag: {} is ignored", text::shortened(flag.text)), flag.written,
            clause.keyword == "HEALTHCHECK" ? "HEALTHCHECK NONE has no flags"
                                            : fmt::format("{} has no flags", clause.keyword));
    }
}

Result<std::optional<std::vector<Word>>> json_items(const Clause& clause, std::string_view text) {
    auto items = parse_json_array(text);
    if (!items) {
        if (resembles_json_array(text)) {
            clause.warn("not a JSON array, so it is taken as plain text", text,
                        "a JSON array has double quotes around each item and a comma only between "
                        "items");
        }
        return std::nullopt;
    }
    std::vector<Word> out;
    out.reserve(items->size());
    for (auto& item : *items) {
        if (!item.string) {
            return fail(clause.malformed(
                "when using JSON array syntax, arrays must be comprised of strings only",
                item.written, "put the item in double quotes"));
        }
        out.push_back({std::move(*item.string), clause.span(item.written)});
    }
    return out;
}

Result<CommandLine> command_line(const Clause& clause, std::string_view text) {
    CommandLine command;
    command.span = clause.span(text);
    TRY_ASSIGN(auto items, json_items(clause, text));
    if (!items) {
        command.args.emplace_back(text);
        return command;
    }
    command.form = Form::exec;
    for (auto& item : *items)
        command.args.push_back(std::move(item.text));
    return command;
}

std::string with_heredocs(std::string_view text, const std::vector<Heredoc>& heredocs) {
    std::string out(text);
    for (const auto& heredoc : heredocs) {
        out += '\n';
        out += heredoc.body;
        out += heredoc.name;
    }
    return out;
}

std::vector<Word> words(const Clause& clause, const std::vector<std::string_view>& parts) {
    std::vector<Word> out;
    out.reserve(parts.size());
    for (const auto part : parts)
        out.push_back(clause.word(part));
    return out;
}

} // namespace mybuild::grammar
