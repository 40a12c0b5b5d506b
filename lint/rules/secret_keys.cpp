#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mybuild::lint::rules {
namespace {

constexpr std::array<std::string_view, 10> secret_words{
    "apikey",   "auth",  "credential", "credentials", "key",
    "password", "pword", "passwd",     "secret",      "token"};
constexpr std::array<std::string_view, 3> harmless_words{"public", "file", "version"};

template <class List>
bool has_word(std::string_view name, const List& list) {
    for (;;) {
        const auto end = name.find('_');
        if (std::ranges::find(list, name.substr(0, end)) != list.end()) return true;
        if (end == name.npos) return false;
        name.remove_prefix(end + 1);
    }
}

bool is_secret(std::string_view key) {
    const auto name = text::lower(key);
    return has_word(name, secret_words) && !has_word(name, harmless_words);
}

void look_at(const plan::Step& step, const Word& key, Report& report) {
    if (!is_secret(key.text)) return;
    report.add(
        *step.instruction,
        {.message = fmt::format("Do not use ARG or ENV instructions for sensitive data ({} {})",
                                step.keyword, text::quoted(key.text)),
         .mark = key.span,
         .fix = fmt::format("RUN --mount=type=secret,id={},env={} … where it is needed, "
                            "and --secret id={} when you build",
                            text::lower(key.text), key.text, text::lower(key.text))});
}

void run(const Subject& subject, Report& report) {
    each_step(subject, [&](std::size_t, const plan::Step& step) {
        if (const auto* arg = body_of<Arg>(step))
            for (const ArgItem& item : arg->items)
                look_at(step, item.name, report);
        if (body_of<Env>(step) != nullptr)
            for (const Word& key : step.words)
                look_at(step, key, report);
    });
}

} // namespace

const Rule secrets_used_in_arg_or_env{
    .name = "SecretsUsedInArgOrEnv",
    .summary = "Sensitive data should not be used in the ARG or ENV commands",
    .url = "https://docs.docker.com/go/dockerfile/rule/secrets-used-in-arg-or-env/",
    .origin = Origin::buildkit,
    .on = Default::everywhere,
    .run = run,
    .page = {
        .why = "What an ENV or an ARG holds can be read by everybody who has the image: `mybuild "
               "inspect` and `mybuild\nhistory` show it. A secret mount gives the value to one "
               "step and leaves nothing behind.\n\nThe name decides: one of its words, between "
               "underscores, is `apikey`, `auth`, `credential(s)`, `key`,\n`password`, `pword`, "
               "`passwd`, `secret` or `token`, and none is `public`, `file` or `version`.",
        .bad = "FROM alpine:3.20\nARG NPM_TOKEN\nRUN ./fetch\n",
        .good = "FROM alpine:3.20\nRUN --mount=type=secret,id=npm_token,env=NPM_TOKEN ./fetch\n",
        .more = "Names with a secret's look whose values are none are told apart by a comment: `# "
                "check=skip=SecretsUsedInArgOrEnv`\nabove the instruction."}};

} // namespace mybuild::lint::rules
