#include "lint/rules/installers.hpp"

#include "lint/rules/common.hpp"

#include <algorithm>
#include <array>

namespace mybuild::lint {
namespace {

using Words = std::vector<std::string>;

struct Installer {
    std::string_view name;
    std::string_view verb;           ///< empty: any command line without a verb
    std::string_view needs;          ///< of the context; empty: nothing
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
    Installer{"pip", "install", ""},
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

Words split(std::string_view text) {
    Words words;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        words.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

/// `pip`, also of `pip3.12` and `python3 -m pip`, whose words then begin with `-m pip`.
std::string_view program_name(const ShellCommand& command) {
    const auto words = command.program();
    const auto name = command.name();
    if (name.starts_with("python") && words.size() > 2 && words[1] == "-m" && words[2] == "pip")
        return "pip";
    if (name.starts_with("pip") && name.find_first_not_of("0123456789.", 3) == name.npos)
        return "pip";
    return name;
}

/// A file or directory in the image, as far as words tell.
bool is_path(std::string_view word) {
    if (word.find("://") != word.npos) return false;
    return word == "." || word.starts_with(".[") || word.find('/') != word.npos ||
           word.ends_with(".whl") || word.ends_with(".tar.gz") || word.ends_with(".zip");
}

/// What nobody can tell without running it: `$(cat list.txt)`, `$PACKAGES`, `< list.txt`.
bool is_unknown(std::string_view word) {
    return word.starts_with('$') || word.find("$(") != word.npos || word.starts_with('`') ||
           word.starts_with('<');
}

/// The lists that pip reads; none when it installs what was copied.
std::optional<Words> pip_needs(std::span<const std::string> words) {
    constexpr std::array<std::string_view, 14> with_value{
        "-i",           "--index-url", "--extra-index-url", "-f",
        "--find-links", "-t",          "--target",          "--prefix",
        "--root",       "--cache-dir", "--trusted-host",    "--timeout",
        "--retries",    "--platform"};
    constexpr std::array<std::string_view, 4> lists{"-r", "--requirement", "-c", "--constraint"};
    Words needs;
    bool names_some = false;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string_view word = words[i];
        if (word == "-e" || word == "--editable") return std::nullopt;
        if (std::ranges::find(lists, word) != lists.end()) {
            if (++i < words.size()) needs.push_back(words[i]);
        } else if (word.starts_with("--requirement=")) {
            needs.emplace_back(word.substr(word.find('=') + 1));
        } else if (word.starts_with("-r")) {
            needs.emplace_back(word.substr(2));
        } else if (std::ranges::find(with_value, word) != with_value.end()) {
            ++i;
        } else if (!word.starts_with('-') && word.find('>') == word.npos) {
            if (is_path(word) || is_unknown(word)) return std::nullopt;
            names_some = true;
        }
    }
    if (needs.empty() && !names_some) return std::nullopt;
    return needs;
}

/// The same of the others.
std::optional<Words> other_needs(const Installer& installer, std::span<const std::string> words) {
    const auto has = [&](std::string_view word) {
        return std::ranges::find(words, word) != words.end();
    };
    if (has("--offline")) return std::nullopt;
    if (!installer.only_with.empty() && !has(installer.only_with)) return std::nullopt;
    const bool is_local = std::ranges::any_of(words, [](std::string_view word) {
        return word == "." || word.starts_with("./") || word.starts_with('/') || is_unknown(word);
    });
    if (is_local && installer.name != "dotnet") return std::nullopt;
    const bool is_npm_like = installer.needs.starts_with("package.json");
    // Packages that are named are in no list: `npm install -g pnpm`.
    const bool names_some =
        has("-g") || has("--global") || has("--location=global") ||
        (installer.verb == "install" && std::ranges::any_of(words, [](std::string_view word) {
             return !word.starts_with('-') && word.find_first_of("=>") == word.npos;
         }));
    if (is_npm_like && names_some) return Words{};
    return split(installer.needs);
}

std::optional<Install> install_of(const ShellCommand& command, const Installer& installer) {
    const auto name = program_name(command);
    const bool is_module = command.name() != name && command.name().starts_with("python");
    auto words = command.program().subspan(is_module ? 2 : 0);
    if (name != installer.name) return std::nullopt;
    const auto verb =
        is_module ? (words.size() > 1 ? std::string_view(words[1]) : "") : command.verb();
    if (verb != installer.verb) return std::nullopt;
    const auto at = std::ranges::find(words.subspan(1), verb);
    words = words.subspan(verb.empty() ? 1 : static_cast<std::size_t>(at - words.begin()) + 1);
    auto needs = name == "pip" ? pip_needs(words) : other_needs(installer, words);
    if (!needs) return std::nullopt;
    std::string what(name);
    if (!verb.empty()) what.append(" ").append(verb);
    if (name == "go") what += " download";
    return Install{std::string(name), std::move(what), std::move(*needs)};
}

} // namespace

std::optional<Install> find_install(const plan::Step& step) {
    const auto* op = std::get_if<plan::RunOp>(&step.op);
    // With a cache mount the packages are at hand when the step runs again.
    if (op != nullptr && std::ranges::any_of(op->mounts, [](const Mount& mount) {
            return mount.type == MountType::cache;
        }))
        return std::nullopt;
    for (const ShellCommand& command : commands_of_step(step))
        for (const Installer& installer : installers)
            if (auto install = install_of(command, installer)) return install;
    return std::nullopt;
}

} // namespace mybuild::lint
