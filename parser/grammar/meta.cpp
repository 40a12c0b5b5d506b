#include "parser/grammar/clause.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace mybuild::grammar {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 10> usages{{
    {"ENV", "NAME=VALUE..."},
    {"LABEL", "NAME=VALUE..."},
    {"ARG", "NAME[=DEFAULT]..."},
    {"EXPOSE", "PORT[/PROTOCOL]..."},
    {"VOLUME", "PATH..."},
    {"SHELL", "[\"/bin/bash\", \"-c\"]"},
    {"WORKDIR", "PATH"},
    {"USER", "NAME[:GROUP]"},
    {"STOPSIGNAL", "SIGNAL"},
    {"MAINTAINER", "NAME"},
}};

Error missing_arguments(const Clause& clause, std::string_view how_many) {
    const auto usage = std::find_if(usages.begin(), usages.end(), [&](const auto& entry) {
        return entry.first == clause.keyword;
    });
    const auto form = usage == usages.end() ? std::string_view() : usage->second;
    return clause.invalid(fmt::format("{} requires {}", clause.keyword, how_many), clause.whole(),
                          fmt::format("write {} {}", clause.keyword, form));
}

Error blank_name(const Clause& clause, std::string_view word) {
    return clause.invalid(fmt::format("{} names can not be blank", clause.keyword), word,
                          "write a name before the =");
}

struct Pair {
    std::string_view name;
    std::optional<std::string_view> value;
};

Pair split_pair(std::string_view word) {
    const auto equals = word.find('=');
    if (equals == std::string_view::npos) return {word, std::nullopt};
    return {word.substr(0, equals), word.substr(equals + 1)};
}

/// What to do about a word without `=` that follows `before`.
std::string hint_for_stray(std::string_view word, std::string_view before) {
    if (word.starts_with('#')) return "a comment needs a line of its own";
    if (before.ends_with('=')) return "write no blank after the =";
    return "if it belongs to the value before it, put that in double quotes";
}

/// `KEY value`: one pair, everything after the first blanks is the value.
Result<KeyValue> legacy_pair(const Clause& clause) {
    const auto arguments = clause.arguments();
    const auto key_end = std::find_if(arguments.begin(), arguments.end(), text::is_blank);
    const auto key = arguments.substr(0, static_cast<std::size_t>(key_end - arguments.begin()));
    auto value = arguments.substr(key.size());
    value.remove_prefix(std::min(value.find_first_not_of("\t\v\f\r "), value.size()));
    if (value.empty()) {
        return fail(clause.malformed(
            fmt::format("{} must have two arguments", clause.keyword), key,
            fmt::format("write {} {}=VALUE", clause.keyword, text::shortened(key))));
    }
    if (value.starts_with('=')) {
        clause.warn(fmt::format("the = is a part of the value: {} is {}", text::shortened(key),
                                text::quoted(value)),
                    value,
                    fmt::format("write {} {}=VALUE without blanks around the =", clause.keyword,
                                text::shortened(key)));
    }
    return KeyValue{clause.word(key), clause.word(value)};
}

/// ENV and LABEL.
template <class Body>
Result<InstructionBody> key_values(const Clause& clause) {
    Body body;
    const auto parts = split_quoted(clause.arguments(), clause.escape);
    if (parts.empty()) return fail(missing_arguments(clause, "at least one argument"));
    body.legacy = parts.front().find('=') == std::string_view::npos;
    if (body.legacy) {
        TRY_ASSIGN(auto pair, legacy_pair(clause));
        body.pairs.push_back(std::move(pair));
    } else {
        std::string_view last;
        for (const auto part : parts) {
            const auto [name, value] = split_pair(part);
            if (!value) {
                return fail(clause.malformed(
                    fmt::format(
                        "Syntax error - can't find = in {}. Must be of the form: name=value",
                        text::quoted(part)),
                    part, hint_for_stray(part, last)));
            }
            if (name.empty()) return fail(blank_name(clause, part));
            body.pairs.push_back({clause.word(name), clause.word(*value)});
            last = part;
        }
    }
    TRY(no_flags(clause));
    return body;
}

Result<InstructionBody> arg(const Clause& clause) {
    Arg body;
    for (const auto part : split_quoted(clause.arguments(), clause.escape)) {
        const auto [name, value] = split_pair(part);
        if (name.empty()) return fail(blank_name(clause, part));
        auto& item = body.items.emplace_back();
        item.name = clause.word(name);
        if (value) item.value = clause.word(*value);
    }
    if (body.items.empty()) return fail(missing_arguments(clause, "at least one argument"));
    warn_of_flags(clause);
    return body;
}

Result<InstructionBody> expose(const Clause& clause) {
    const auto parts = split_blanks(clause.arguments());
    if (parts.empty()) return fail(missing_arguments(clause, "at least one argument"));
    TRY(no_flags(clause));
    return Expose{words(clause, parts)};
}

Result<InstructionBody> volume(const Clause& clause) {
    TRY_ASSIGN(auto items, json_items(clause, clause.arguments()));
    Volume body{items ? std::move(*items) : words(clause, split_blanks(clause.arguments()))};
    if (body.paths.empty()) return fail(missing_arguments(clause, "at least one argument"));
    TRY(no_flags(clause));
    for (auto& path : body.paths) {
        path.text = std::string(text::trim(path.text));
        if (path.text.empty())
            return fail(clause.invalid("VOLUME specified can not be an empty string", path.span,
                                       "write a path, or leave the item out"));
    }
    return body;
}

Result<InstructionBody> shell(const Clause& clause) {
    Shell body;
    TRY_ASSIGN(body.command, command_line(clause, clause.arguments()));
    TRY(no_flags(clause));
    if (clause.arguments().empty() || body.command.args.empty())
        return fail(missing_arguments(clause, "at least one argument"));
    if (body.command.form == Form::shell) {
        return fail(clause.invalid("SHELL requires the arguments to be in JSON form",
                                   clause.arguments(), "write SHELL [\"/bin/bash\", \"-c\"]"));
    }
    return body;
}

/// CMD and ENTRYPOINT.
template <class Body>
Result<InstructionBody> command(const Clause& clause) {
    Body body;
    TRY_ASSIGN(body.command, command_line(clause, clause.arguments()));
    TRY(no_flags(clause));
    return body;
}

/// Those whose argument is the rest of the line as it is.
template <class Body>
Result<InstructionBody> one_text(const Clause& clause) {
    if (clause.arguments().empty()) return fail(missing_arguments(clause, "exactly one argument"));
    if constexpr (std::is_same_v<Body, Stopsignal>) {
        warn_of_flags(clause);
    } else {
        TRY(no_flags(clause));
    }
    return Body{clause.word(clause.arguments())};
}

} // namespace

Result<InstructionBody> build_meta(const Clause& clause) {
    const auto& keyword = clause.keyword;
    if (keyword == "ENV") return key_values<Env>(clause);
    if (keyword == "LABEL") return key_values<Label>(clause);
    if (keyword == "ARG") return arg(clause);
    if (keyword == "CMD") return command<Cmd>(clause);
    if (keyword == "ENTRYPOINT") return command<Entrypoint>(clause);
    if (keyword == "EXPOSE") return expose(clause);
    if (keyword == "VOLUME") return volume(clause);
    if (keyword == "SHELL") return shell(clause);
    if (keyword == "WORKDIR") return one_text<Workdir>(clause);
    if (keyword == "USER") return one_text<User>(clause);
    if (keyword == "STOPSIGNAL") return one_text<Stopsignal>(clause);
    return one_text<Maintainer>(clause);
}

} // namespace mybuild::grammar
