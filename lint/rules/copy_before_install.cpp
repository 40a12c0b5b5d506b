#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"
#include "parser/path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mybuild::lint::rules {
namespace {

/// Installs that take minutes, and what of the context they need.
struct Installer {
    std::string_view name;
    std::string_view verb;  ///< empty: any command line without a verb
    std::string_view needs; ///< empty: nothing
};
constexpr std::array<Installer, 22> installers{{
    {"apt-get", "install", ""},
    {"apt", "install", ""},
    {"apk", "add", ""},
    {"dnf", "install", ""},
    {"microdnf", "install", ""},
    {"yum", "install", ""},
    {"zypper", "install", ""},
    {"npm", "ci", "package.json package-lock.json"},
    {"npm", "install", "package.json package-lock.json"},
    {"npm", "i", "package.json package-lock.json"},
    {"yarn", "install", "package.json yarn.lock"},
    {"yarn", "", "package.json yarn.lock"},
    {"pnpm", "install", "package.json pnpm-lock.yaml"},
    {"pnpm", "i", "package.json pnpm-lock.yaml"},
    {"bundle", "install", "Gemfile Gemfile.lock"},
    {"composer", "install", "composer.json composer.lock"},
    {"pip", "install", "requirements.txt"},
    {"pip2", "install", "requirements.txt"},
    {"pip3", "install", "requirements.txt"},
    {"go", "mod", "go.mod go.sum"},
    {"cargo", "fetch", "Cargo.toml Cargo.lock"},
    {"mvn", "dependency:go-offline", "pom.xml"},
}};

/// `.`, `./`, `/` or `*`: all of the context.
bool is_whole_context(const plan::CopyOp& op) {
    if (op.from) return false;
    return std::ranges::any_of(op.sources, [](const std::string& source) {
        const auto path = clean_path(source);
        return path == "." || path == "/" || path == "*";
    });
}

/// A local package is installed from what was copied: there the order is as it has to be.
bool needs_sources(const ShellCommand& command, const Installer& installer) {
    if (installer.name == "go") return !command.has_word("download");
    const bool is_local = std::ranges::any_of(command.program().subspan(1), [](const auto& word) {
        return word == "." || word.starts_with("./") || word.starts_with(".[") || word == "-e" ||
               word.starts_with("/") || word == "--editable";
    });
    if (is_local) return true;
    return installer.name.starts_with("pip") && !command.has_word("-r") &&
           !command.has_word("--requirement");
}

const Installer* find_installer(const plan::Step& step) {
    const auto* op = std::get_if<plan::RunOp>(&step.op);
    // With a cache mount the packages are at hand when the step runs again.
    if (op != nullptr && std::ranges::any_of(op->mounts, [](const Mount& mount) {
            return mount.type == MountType::cache;
        }))
        return nullptr;
    for (const ShellCommand& command : commands_of_step(step))
        for (const Installer& installer : installers)
            if (command.name() == installer.name && command.verb() == installer.verb &&
                !needs_sources(command, installer))
                return &installer;
    return nullptr;
}

Found found(const Subject& subject, const plan::Step& copy, const plan::Step& install,
            const Installer& installer) {
    const auto line = line_of(subject, install.span.begin);
    const auto what = installer.verb.empty() ? std::string(installer.name)
                                             : fmt::format("{} {}", installer.name, installer.verb);
    Found found{.message = fmt::format("Every change of any file makes {} on line {} run again",
                                       what, line),
                .mark = copy.span};
    if (installer.needs.empty())
        found.fix = fmt::format("the RUN of line {} above this {}", line, copy.keyword);
    else
        found.fix = fmt::format("COPY {} ./, then the RUN of line {}, then this {}",
                                installer.needs, line, copy.keyword);
    return found;
}

void run(const Subject& subject, Report& report) {
    for (std::size_t stage = 0; stage < subject.plans.size(); ++stage) {
        if (!subject.planned[stage]) continue;
        const plan::Step* copy = nullptr;
        for (const plan::Step& step : subject.plans[stage].steps) {
            if (step.is_trigger) continue;
            const auto* op = std::get_if<plan::CopyOp>(&step.op);
            if (copy == nullptr && op != nullptr && is_whole_context(*op)) copy = &step;
            if (copy == nullptr || body_of<Run>(step) == nullptr) continue;
            const auto* installer = find_installer(step);
            if (installer == nullptr) continue;
            report.add(*copy->instruction, found(subject, *copy, step, *installer));
            break; // what follows runs again anyway
        }
    }
}

} // namespace

const Rule copy_before_install{
    .name = "CopyBeforeInstall",
    .summary = "Dependencies should be installed before all files are copied",
    .url = "",
    .run = run,
    .page = {
        .why =
            "A step is taken from the cache as long as everything above it is. After `COPY . .` a "
            "change of a comment in\na source file, or of the README, makes the install step "
            "run again: minutes for every build instead of none.\nCopy what the installer "
            "reads, install, then copy the rest.",
        .bad = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\nCMD [\"node\", \"main.js\"]\n",
        .good = "FROM node:20\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm "
                "ci\nCOPY . .\nCMD [\"node\", \"main.js\"]\n",
        .more =
            "Known installers: apt, apk, dnf, yum, zypper, npm, yarn, pnpm, bundle, composer, `pip "
            "install -r`, `go mod\ndownload`, `cargo fetch`. Not reported where the install "
            "step has a cache mount, or installs the copied\nfiles themselves (`pip install "
            ".`)."}};

} // namespace mybuild::lint::rules
