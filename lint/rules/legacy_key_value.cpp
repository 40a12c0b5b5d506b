#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

namespace mybuild::lint::rules {
namespace {

/// The same value as one word of the form with `=`.
std::string as_word(std::string_view value, char escape) {
    if (value.find_first_of(" \t") == value.npos) return std::string(value);
    const bool plain = value.find_first_of("\"'") == value.npos && value.find(escape) == value.npos;
    if (plain) return "\"" + std::string(value) + "\"";
    // Quotes and escapes mean the same in both forms: only blanks outside of quotes need one.
    std::string out;
    char quote = '\0';
    bool escaped = false;
    for (const char c : value) {
        if (!escaped && quote == '\0' && (c == ' ' || c == '\t')) out += escape;
        out += c;
        if (!escaped && c == quote)
            quote = '\0';
        else if (!escaped && quote == '\0' && (c == '"' || c == '\''))
            quote = c;
        escaped = !escaped && c == escape && quote != '\'';
    }
    return out;
}

std::string fix_of(std::string_view keyword, const std::vector<KeyValue>& pairs, char escape) {
    if (pairs.empty()) return {};
    const auto& [key, value] = pairs.front();
    return fmt::format("{} {}={}", keyword, key.text, as_word(value.text, escape));
}

void run(const Subject& subject, Report& report) {
    each_step(subject, [&](std::size_t, const plan::Step& step) {
        const auto* env = body_of<Env>(step);
        const auto* label = body_of<Label>(step);
        if ((env == nullptr || !env->legacy) && (label == nullptr || !label->legacy)) return;
        const auto& pairs = env != nullptr ? env->pairs : label->pairs;
        report.add(
            *step.instruction,
            {.message = fmt::format("\"{0} key=value\" should be used instead of legacy \"{0} "
                                    "key value\" format",
                                    keyword_of(step)),
             .mark = step.span,
             .fix = fix_of(keyword_of(step), pairs, subject.file.directives.escape)});
    });
}

} // namespace

const Rule legacy_key_value_format{
    .name = "LegacyKeyValueFormat",
    .summary = "Legacy key/value format with whitespace separator should not be used",
    .url = "https://docs.docker.com/go/dockerfile/rule/legacy-key-value-format/",
    .origin = Origin::buildkit,
    .on = Default::everywhere,
    .run = run,
    .page = {
        .why = "`ENV ONE TWO= THREE=world` sets the one variable `ONE` to `TWO= THREE=world`. With "
               "`=` it is plain what is\na name and what a value.",
        .bad = "FROM alpine:3.20\nENV DIR /my dir\n",
        .good = "FROM alpine:3.20\nENV DIR=\"/my dir\"\n",
        .more = ""}};

} // namespace mybuild::lint::rules
