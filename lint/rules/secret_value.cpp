#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mybuild::lint::rules {
namespace {

/// A kind of token that nobody writes by chance.
struct Token {
    std::string_view prefix;
    std::size_t least; ///< letters, digits, `_` and `-` after the prefix
    std::string_view what;
};
constexpr std::array<Token, 16> tokens{{
    {"AKIA", 16, "an AWS access key"},
    {"ASIA", 16, "an AWS access key"},
    {"ghp_", 30, "a GitHub token"},
    {"gho_", 30, "a GitHub token"},
    {"ghs_", 30, "a GitHub token"},
    {"github_pat_", 30, "a GitHub token"},
    {"glpat-", 16, "a GitLab token"},
    {"xoxb-", 20, "a Slack token"},
    {"xoxp-", 20, "a Slack token"},
    {"sk_live_", 16, "a Stripe key"},
    {"rk_live_", 16, "a Stripe key"},
    {"npm_", 36, "an npm token"},
    {"pypi-", 50, "a PyPI token"},
    {"dckr_pat_", 20, "a Docker Hub token"},
    {"AIza", 35, "a Google API key"},
    {"hvs.", 20, "a Vault token"},
}};

bool is_token_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || text::is_digit(c) || c == '_' ||
           c == '-';
}

struct Hit {
    std::size_t begin, end;
    std::string_view what;
};

std::optional<Hit> find_token(std::string_view text) {
    for (const Token& token : tokens) {
        for (auto at = text.find(token.prefix); at != text.npos;
             at = text.find(token.prefix, at + 1)) {
            if (at > 0 && is_token_byte(text[at - 1])) continue;
            auto end = at + token.prefix.size();
            while (end < text.size() && is_token_byte(text[end]))
                ++end;
            if (end - at - token.prefix.size() >= token.least) return Hit{at, end, token.what};
        }
    }
    return std::nullopt;
}

/// Stand-ins, as build steps that want a URL and connect to nothing get them.
bool is_stand_in(std::string_view user, std::string_view password, std::string_view host) {
    constexpr std::array<std::string_view, 9> words{"password", "passwd",   "pass", "pwd", "secret",
                                                    "user",     "postgres", "root", "test"};
    constexpr std::array<std::string_view, 5> marks{"dummy", "placeholder", "changeme", "example",
                                                    "fake"};
    constexpr std::size_t least = 4; // letters: nobody's password is shorter
    const auto name = host.substr(0, host.find(':'));
    const auto lower = text::lower(password);
    return user == password || password.size() < least ||
           std::ranges::find(words, lower) != words.end() ||
           std::ranges::any_of(
               marks, [&](std::string_view mark) { return lower.find(mark) != lower.npos; }) ||
           password.find_first_not_of("xX*.") == password.npos || name == "localhost" ||
           name == "127.0.0.1";
}

/// `https://user:password@host`, where the password is written and no variable.
std::optional<Hit> find_password_in_url(std::string_view text) {
    for (auto at = text.find("://"); at != text.npos; at = text.find("://", at + 3)) {
        const auto begin = at + 3;
        const auto end = text.find_first_of("/ \t\n\"'?#", begin);
        const auto host = text.substr(begin, end - begin);
        const auto sign = host.rfind('@');
        const auto colon = host.find(':');
        if (sign == host.npos || colon == host.npos || colon > sign) continue;
        const auto password = host.substr(colon + 1, sign - colon - 1);
        if (password.empty() || password.find_first_of("${<*") != password.npos) continue;
        if (is_stand_in(host.substr(0, colon), password, host.substr(sign + 1))) continue;
        return Hit{begin + colon + 1, begin + sign, "a password in a URL"};
    }
    return std::nullopt;
}

std::optional<Hit> find_secret(std::string_view text) {
    if (const auto at = text.find("-----BEGIN "); at != text.npos) {
        const auto line = text.substr(at, text.find("-----", at + 11) - at);
        if (line.ends_with("PRIVATE KEY")) return Hit{at, at + line.size(), "a private key"};
    }
    if (auto hit = find_token(text)) return hit;
    return find_password_in_url(text);
}

void look_at(const Subject& subject, const Instruction& instruction, Report& report) {
    const auto text = subject.file.source->slice(instruction.span);
    const auto hit = find_secret(text);
    if (!hit) return;
    const auto offset = [&](std::size_t at) {
        return instruction.span.begin + static_cast<std::uint32_t>(at);
    };
    report.add(instruction,
               {.message = fmt::format("What looks like {} stands in the Dockerfile", hit->what),
                .mark = {offset(hit->begin), offset(hit->end)},
                .fix = "RUN --mount=type=secret,id=NAME … where it is needed, and --secret "
                       "id=NAME when you build; and have this one withdrawn"});
}

void run(const Subject& subject, Report& report) {
    for (const Instruction& instruction : subject.file.global_args)
        look_at(subject, instruction, report);
    for (const StageAst& stage : subject.file.stages)
        for (const Instruction& instruction : stage.instructions)
            look_at(subject, instruction, report);
}

} // namespace

const Rule secret_value{
    .name = "SecretValue",
    .summary = "Tokens, private keys and passwords should not stand in a Dockerfile",
    .url = "",
    .run = run,
    .page = {
        .why = "SecretsUsedInArgOrEnv goes by the name of a variable; this rule goes by what is "
               "written: tokens with the\nmarks of their makers (AWS, GitHub, GitLab, Slack, "
               "Stripe, npm, PyPI, Docker Hub, Google, Vault), private\nkeys, and passwords in "
               "URLs, in any instruction. They are in the repository, in the image's history, "
               "and soon\nin somebody's search index.",
        .bad = "FROM debian:12\nRUN git clone https://bot:hunter2@git.example.com/app.git\n",
        .good = "FROM debian:12\nRUN --mount=type=secret,id=netrc,target=/root/.netrc git clone "
                "https://git.example.com/app.git\n",
        .more =
            "Stand-ins such as `postgres://postgres:postgres@localhost/db` are not reported.\n\nA "
            "secret that was in a repository or an image has to be withdrawn by whoever "
            "issued it: removing the line\ndoes not make it unknown."}};

} // namespace mybuild::lint::rules
