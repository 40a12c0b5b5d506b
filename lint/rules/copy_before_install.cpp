#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"
#include "parser/path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

namespace mybuild::lint::rules {
namespace {

/// Installs that take minutes, and what of the context they need.
struct Installer {
    std::string_view name;
    std::string_view verb;           ///< empty: any command line without a verb
    std::string_view needs;          ///< empty: nothing
    std::string_view only_with = {}; ///< a word without which it needs the sources as well
};
constexpr std::array installers{
    Installer{"apt-get", "install", ""},
    Installer{"apt", "install", ""},
    Installer{"apk", "add", ""},
    Installer{"dnf", "install", ""},
    Installer{"microdnf", "install", ""},
    Installer{"yum", "install", ""},
    Installer{"zypper", "install", ""},
    Installer{"npm", "ci", "package.json package-lock.json"},
    Installer{"npm", "install", "package.json package-lock.json"},
    Installer{"npm", "i", "package.json package-lock.json"},
    Installer{"yarn", "install", "package.json yarn.lock"},
    Installer{"yarn", "", "package.json yarn.lock"},
    Installer{"pnpm", "install", "package.json pnpm-lock.yaml"},
    Installer{"pnpm", "i", "package.json pnpm-lock.yaml"},
    Installer{"bun", "install", "package.json bun.lock"},
    Installer{"bundle", "install", "Gemfile Gemfile.lock"},
    Installer{"composer", "install", "composer.json composer.lock"},
    Installer{"pip", "install", "requirements.txt"},
    Installer{"pip2", "install", "requirements.txt"},
    Installer{"pip3", "install", "requirements.txt"},
    Installer{"pipenv", "install", "Pipfile Pipfile.lock"},
    Installer{"pipenv", "sync", "Pipfile Pipfile.lock"},
    Installer{"poetry", "install", "pyproject.toml poetry.lock", "--no-root"},
    Installer{"uv", "sync", "pyproject.toml uv.lock", "--no-install-project"},
    Installer{"go", "mod", "go.mod go.sum", "download"},
    Installer{"cargo", "fetch", "Cargo.toml Cargo.lock"},
    Installer{"mvn", "dependency:go-offline", "pom.xml"},
    Installer{"dotnet", "restore", "*.csproj"},
    Installer{"mix", "deps.get", "mix.exs mix.lock"},
};

bool is_npm_like(std::string_view name) {
    return name == "npm" || name == "yarn" || name == "pnpm" || name == "bun";
}

/// An installer in a step.
struct Install {
    const Installer* installer;
    std::string what;  ///< as people call it: `go mod download`
    std::string needs; ///< of the context; may be empty
};

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
    if (!installer.only_with.empty()) return !command.has_word(installer.only_with);
    const bool is_local = std::ranges::any_of(command.program().subspan(1), [](const auto& word) {
        return word == "." || word.starts_with("./") || word.starts_with(".[") || word == "-e" ||
               word.starts_with("/") || word == "--editable";
    });
    if (is_local || command.has_word("--offline")) return true;
    return installer.name.starts_with("pip") && installer.name != "pipenv" &&
           !command.has_word("-r") && !command.has_word("--requirement");
}

/// What comes after `-r`, or the packages' own list.
std::string needs_of(const ShellCommand& command, const Installer& installer) {
    const auto words = command.program();
    if (is_npm_like(installer.name)) {
        // Packages that are named are in no list: `npm install -g pnpm`.
        const bool names_some = std::ranges::any_of(words.subspan(1), [&](std::string_view word) {
            return word == "-g" || word == "--global" || word == "--location=global" ||
                   (installer.verb == "install" && word != "install" && !word.starts_with('-') &&
                    word.find('=') == word.npos);
        });
        return names_some ? "" : std::string(installer.needs);
    }
    for (std::size_t i = 1; i + 1 < words.size(); ++i)
        if (installer.name.starts_with("pip") && (words[i] == "-r" || words[i] == "--requirement"))
            return words[i + 1];
    return std::string(installer.needs);
}

std::optional<Install> find_install(const plan::Step& step) {
    const auto* op = std::get_if<plan::RunOp>(&step.op);
    // With a cache mount the packages are at hand when the step runs again.
    if (op != nullptr && std::ranges::any_of(op->mounts, [](const Mount& mount) {
            return mount.type == MountType::cache;
        }))
        return std::nullopt;
    for (const ShellCommand& command : commands_of_step(step)) {
        for (const Installer& installer : installers) {
            if (command.name() != installer.name || command.verb() != installer.verb) continue;
            if (needs_sources(command, installer)) continue;
            std::string what(installer.name);
            for (const std::string_view word :
                 {installer.verb, installer.name == "go" ? installer.only_with : ""})
                if (!word.empty()) what.append(" ").append(word);
            return Install{&installer, std::move(what), needs_of(command, installer)};
        }
    }
    return std::nullopt;
}

Found found(const Subject& subject, const plan::Step& copy, const plan::Step& step,
            const Install& install) {
    const auto line = line_of(subject, step.span.begin);
    Found found{.message = fmt::format("Every change of any file makes {} on line {} run again",
                                       install.what, line),
                .mark = copy.span};
    if (install.needs.empty())
        found.fix = fmt::format("the {} of line {} in a RUN above this {}", install.what, line,
                                copy.keyword);
    else
        found.fix = fmt::format("COPY {} ./, then the RUN of line {}, then this {}", install.needs,
                                line, copy.keyword);
    if (install.installer->name == "composer")
        found.notes.emplace_back("composer's scripts and autoloader need the sources: composer "
                                 "install --no-scripts --no-autoloader above them, composer "
                                 "dump-autoload below");
    return found;
}

void run(const Subject& subject, Report& report) {
    for (std::size_t stage = 0; stage < subject.plans.size(); ++stage) {
        if (!subject.planned[stage]) continue;
        const plan::Step* copy = nullptr;
        std::set<std::string_view> installed; // above the COPY: below it they have little to do
        for (const plan::Step& step : subject.plans[stage].steps) {
            if (step.is_trigger) continue;
            const auto* op = std::get_if<plan::CopyOp>(&step.op);
            if (copy == nullptr && op != nullptr && is_whole_context(*op)) copy = &step;
            if (body_of<Run>(step) == nullptr) continue;
            const auto install = find_install(step);
            if (!install) continue;
            if (copy == nullptr) {
                if (!install->needs.empty()) installed.insert(install->installer->name);
                continue;
            }
            if (installed.contains(install->installer->name)) continue;
            report.add(*copy->instruction, found(subject, *copy, step, *install));
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
            "Known installers: apt, apk, dnf, yum, zypper, npm, yarn, pnpm, bun, bundle, composer, "
            "`pip install -r`, pipenv,\n`poetry install --no-root`, `uv sync "
            "--no-install-project`, `go mod download`, `cargo fetch`, `dotnet restore`,\n`mix "
            "deps.get`, `mvn dependency:go-offline`. Not reported where the install step has a "
            "cache mount, installs the\ncopied files themselves (`pip install .`), is `--offline`, "
            "or where the same installer has run above the COPY."}};

} // namespace mybuild::lint::rules
