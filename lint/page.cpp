#include "lint/page.hpp"

#include <fmt/format.h>

namespace mybuild::lint {
namespace {

std::string code(std::string_view language, std::string_view text) {
    return fmt::format("```{}\n{}```\n", language, text);
}

std::string_view where(const Rule& rule) {
    if (rule.on == Default::everywhere) return "in builds and under `--check`";
    if (rule.on == Default::named) return "only where `experimental=` names it";
    return "under `--check`; in builds where `experimental=` names it";
}

std::string on_text(const Rule& rule) {
    if (rule.on == Default::everywhere) return {};
    return fmt::format("* On{}: `# check=experimental={}` at the top of the file.\n",
                       rule.on == Default::check ? " in builds" : "", rule.name);
}

std::string off_text(const Rule& rule) {
    if (rule.on == Default::named) return "* Off: it is, where nothing names it.\n";
    if (rule.silence == Silence::file_only)
        return fmt::format("* Off: `# check=skip={}` at the top of the file. The rule looks at the "
                           "file as a whole, so a comment above\n  an instruction does not silence "
                           "it.\n",
                           rule.name);
    return fmt::format(
        "* Off: `# check=skip={0}` at the top of the file; above an instruction, for "
        "that instruction alone.\n",
        rule.name);
}

} // namespace

std::string page(const Rule& rule) {
    std::string out = fmt::format("# {}\n\n{}\n\n", rule.name, rule.summary);
    out += fmt::format("{}; looks {}.\n\n",
                       rule.origin == Origin::buildkit ? "A rule of Docker's own `--check`"
                                                       : "A rule of mybuild's",
                       where(rule));
    out += fmt::format("## Why\n\n{}\n\n", rule.page.why);
    if (!rule.page.ignore_file.empty())
        out += "With this `.dockerignore`:\n\n" + code("", rule.page.ignore_file) + "\n";
    out += "## Instead of\n\n" + code("dockerfile", rule.page.bad) + "\n";
    out += "## Write\n\n" + code("dockerfile", rule.page.good) + "\n";
    if (!rule.page.more.empty()) out += fmt::format("{}\n\n", rule.page.more);
    out += "## Switching it on and off\n\n" + on_text(rule) + off_text(rule);
    if (!rule.url.empty()) out += fmt::format("\nDocker's page: <{}>\n", rule.url);
    return out;
}

std::string_view name(Default on) {
    switch (on) {
    case Default::everywhere:
        return "everywhere";
    case Default::check:
        return "check";
    case Default::named:
        break;
    }
    return "named";
}

} // namespace mybuild::lint
