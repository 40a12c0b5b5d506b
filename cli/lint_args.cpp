#include "cli/lint_args.hpp"

#include "cli/call.hpp"
#include "lint/page.hpp"
#include "lint/rules.hpp"
#include "parser/suggest.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace mybuild::cli {
namespace {

std::string list_text() {
    auto out = fmt::format("{:<33}{:<12}{}\n", "RULE", "LOOKS", "SUMMARY");
    for (const lint::Rule* rule : lint::all_rules())
        out += fmt::format("{:<33}{:<12}{}\n", rule->name, lint::name(rule->on), rule->summary);
    return out;
}

Result<std::string> explanation(const std::string& name) {
    if (const auto* rule = lint::find_rule(name)) return lint::page(*rule);
    std::vector<std::string_view> names;
    for (const lint::Rule* rule : lint::all_rules())
        names.push_back(rule->name);
    auto hint = did_you_mean(name, names);
    if (hint.empty()) hint = "mybuild lint --list shows all of them";
    return fail(
        {ErrorCode::usage, fmt::format("there is no rule \"{}\"", name), {}, std::move(hint)});
}

} // namespace

void add_lint(CLI::App& app, RawLint& raw) {
    auto& lint = *app.add_subcommand("lint", "Check a Dockerfile; nothing is built");
    auto& command = raw.command;
    lint.add_option("-f,--file", command.file,
                    "The Dockerfile; - reads it from standard input "
                    "(default: Dockerfile or Containerfile in CONTEXT)");
    lint.add_option("--build-arg", raw.build_args,
                    "Value of an ARG: K=V, or K for the environment variable K")
        ->allow_extra_args(false);
    lint.add_option("--target", command.target, "Check only what this stage needs");
    lint.add_option("--platform", command.platform, "Platform of the image: os/arch[/variant]");
    lint.add_option("--format", raw.format, "text, json (Docker's) or sarif")
        ->check(CLI::IsMember({"text", "json", "sarif"}));
    lint.add_option("--explain", raw.explain, "Tell what a rule is about")->type_name("RULE");
    lint.add_flag("--list", raw.list, "List the rules");
    command.context = ".";
    lint.add_option("context", command.context, "The build context (default: .)")
        ->type_name("CONTEXT");
    lint.footer("Examples:\n"
                "  mybuild lint\n"
                "  mybuild lint --format sarif -f docker/Dockerfile . > checks.sarif\n"
                "  mybuild lint --explain UnpinnedBaseImage");
}

Status add_build_args(const std::vector<std::string>& texts, BuildCommand& command) {
    for (const auto& text : texts) {
        const auto equals = text.find('=');
        auto name = text.substr(0, equals);
        if (name.empty())
            return fail(
                {ErrorCode::usage, fmt::format("--build-arg {}: the name is missing", text)});
        std::optional<std::string> value;
        if (equals != std::string::npos) value = text.substr(equals + 1);
        command.build_args.emplace_back(std::move(name), std::move(value));
    }
    return {};
}

Result<std::variant<BuildCommand, Help>> finish_lint(RawLint raw) {
    if (raw.list) return Help{list_text()};
    if (!raw.explain.empty()) {
        TRY_ASSIGN(auto text, explanation(raw.explain));
        return Help{std::move(text)};
    }
    auto command = std::move(raw.command);
    TRY(add_build_args(raw.build_args, command));
    TRY_ASSIGN(command.call, parse_call("check,format=" + raw.format));
    return command;
}

} // namespace mybuild::cli
