#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>

namespace mybuild::lint::rules {
namespace {

using Commands = std::vector<ShellCommand>;

/// RUNs whose layers somebody carries around.
template <class F>
void each_shipped_run(const Subject& subject, F f) {
    const auto shipped = shipped_stages(subject);
    each_step(subject, [&](std::size_t stage, const plan::Step& step) {
        if (body_of<Run>(step) != nullptr && shipped[stage]) f(step, commands_of_step(step));
    });
}

using Words = std::initializer_list<std::string_view>;

bool is_one(const ShellCommand& command, Words names, Words verbs) {
    return std::ranges::find(names, command.name()) != names.end() &&
           std::ranges::find(verbs, command.verb()) != verbs.end();
}

const ShellCommand* find(const Commands& commands, Words names, Words verbs) {
    const auto found = std::ranges::find_if(
        commands, [&](const ShellCommand& command) { return is_one(command, names, verbs); });
    return found == commands.end() ? nullptr : &*found;
}

void check_apt(const Subject& subject, Report& report) {
    constexpr std::string_view lists = "/var/lib/apt/lists";
    each_shipped_run(subject, [&](const plan::Step& step, const Commands& commands) {
        const auto* update = find(commands, {"apt-get", "apt"}, {"update"});
        if (update == nullptr || is_mounted(step, lists) || is_removed(step, commands, lists))
            return;
        if (find(commands, {"apt-get", "apt"}, {"dist-clean", "distclean"}) != nullptr) return;
        report.add(*step.instruction,
                   {.message = "The package lists of apt-get update stay in the layer",
                    .mark = find_word(subject, step.span, update->name()),
                    .fix = "&& rm -rf /var/lib/apt/lists/* at the end of the same RUN, or RUN "
                           "--mount=type=cache,target=/var/lib/apt "
                           "--mount=type=cache,target=/var/cache/apt …"});
    });
}

void check_apk(const Subject& subject, Report& report) {
    constexpr std::string_view cache = "/var/cache/apk";
    each_shipped_run(subject, [&](const plan::Step& step, const Commands& commands) {
        const auto add = std::ranges::find_if(commands, [](const ShellCommand& command) {
            return is_one(command, {"apk"}, {"add", "update", "upgrade"}) &&
                   !command.has_word("--no-cache");
        });
        if (add == commands.end()) return;
        if (is_mounted(step, cache) || is_mounted(step, "/etc/apk/cache")) return;
        if (is_removed(step, commands, cache)) return;
        report.add(
            *step.instruction,
            {.message = fmt::format("The package index of apk {} stays in the layer", add->verb()),
             .mark = find_word(subject, step.span, "apk"),
             .fix = "apk add --no-cache …, which needs no apk update either"});
    });
}

void check_dnf(const Subject& subject, Report& report) {
    const Words names{"dnf", "dnf5", "microdnf", "yum", "zypper"};
    each_shipped_run(subject, [&](const plan::Step& step, const Commands& commands) {
        const auto* install =
            find(commands, names,
                 {"install", "in", "update", "upgrade", "up", "groupinstall", "reinstall"});
        if (install == nullptr) return;
        // One of them may be another's link, so it does not matter which one cleans what.
        if (find(commands, names, {"clean", "cc"}) != nullptr) return;
        for (const std::string_view one : {"dnf", "libdnf5", "yum", "zypp"}) {
            const auto directory = "/var/cache/" + std::string(one);
            if (is_mounted(step, directory) || is_removed(step, commands, directory)) return;
        }
        const auto name = std::string(install->name());
        const auto cache = "/var/cache/" + (name == "zypper" ? std::string("zypp") : name);
        report.add(*step.instruction,
                   {.message = fmt::format("What {} downloads stays in the layer", name),
                    .mark = find_word(subject, step.span, name),
                    .fix = fmt::format("&& {} clean all at the end of the same RUN, or RUN "
                                       "--mount=type=cache,target={} …",
                                       name, cache)});
    });
}

/// `pip install …`, also as `pip3.12` and `python3 -m pip install …`.
bool is_pip_install(const ShellCommand& command) {
    const auto words = command.program();
    if (words.size() > 3 && command.name().starts_with("python") && words[1] == "-m" &&
        words[2] == "pip")
        return command.has_word("install");
    const auto name = command.name();
    return name.starts_with("pip") && name.find_first_not_of("0123456789.", 3) == name.npos &&
           command.verb() == "install";
}

bool is_cache_off(const plan::Step& step, const ShellCommand& pip) {
    const auto is_flag = [](std::string_view word) { return word.starts_with("--no-cache"); };
    if (std::ranges::any_of(pip.words, is_flag)) return true;
    constexpr std::string_view name = "PIP_NO_CACHE_DIR=";
    const auto sets = [&](std::string_view entry) { return entry.starts_with(name); };
    const auto* op = std::get_if<plan::RunOp>(&step.op);
    return std::ranges::any_of(pip.words, sets) ||
           (op != nullptr && std::ranges::any_of(op->env, sets));
}

bool is_in_cache_mount(const plan::Step& step) {
    const auto* op = std::get_if<plan::RunOp>(&step.op);
    // PIP_CACHE_DIR may be anywhere.
    return op != nullptr && std::ranges::any_of(op->mounts, [](const Mount& mount) {
               return mount.type == MountType::cache || mount.type == MountType::tmpfs;
           });
}

void check_pip(const Subject& subject, Report& report) {
    each_shipped_run(subject, [&](const plan::Step& step, const Commands& commands) {
        const auto pip = std::ranges::find_if(commands, [&](const ShellCommand& command) {
            return is_pip_install(command) && !is_cache_off(step, command);
        });
        if (pip == commands.end() || is_in_cache_mount(step)) return;
        const bool removed = std::ranges::any_of(commands, [](const ShellCommand& command) {
            const bool purges = command.has_word("cache") && command.has_word("purge");
            return purges || (command.name() == "rm" &&
                              std::ranges::any_of(command.words, [](const std::string& word) {
                                  return word.find("/.cache") != word.npos;
                              }));
        });
        if (removed) return;
        report.add(*step.instruction,
                   {.message = "What pip downloads stays in the layer",
                    .mark = find_word(subject, step.span,
                                      pip->name().starts_with("pip") ? pip->name() : "pip"),
                    .fix = "pip install --no-cache-dir …, or RUN "
                           "--mount=type=cache,target=/root/.cache/pip …"});
    });
}

} // namespace

const Rule apt_lists_left{
    .name = "AptListsLeft",
    .summary = "Package lists of apt should not stay in a layer",
    .url = "",
    .run = check_apt,
    .page = {
        .why =
            "`apt-get update` writes 20 to 50 MB of package lists below `/var/lib/apt/lists`. Who "
            "runs the image never\nneeds them, and a later RUN that deletes them makes the "
            "image no smaller: the layer below keeps them.",
        .bad = "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n",
        .good = "FROM debian:12\nRUN apt-get update && apt-get install -y curl && rm -rf "
                "/var/lib/apt/lists/*\n",
        .more =
            "`apt-get dist-clean` does it as well. Braces are for bash: /bin/sh of Debian removes "
            "nothing for\n`rm -rf /var/lib/{apt,dpkg}/`. Stages that are only copied from are "
            "not looked at: their layers are not in the\nimage. Cache mounts are the quicker "
            "way: `RUN --mount=type=cache,target=/var/lib/apt\n"
            "--mount=type=cache,target=/var/cache/apt …`."}};

const Rule apk_index_left{
    .name = "ApkIndexLeft",
    .summary = "The package index of apk should not stay in a layer",
    .url = "",
    .run = check_apk,
    .page = {
        .why = "Without `--no-cache`, apk keeps the package index below `/var/cache/apk`, in the "
               "layer "
               "for ever.",
        .bad = "FROM alpine:3.20\nRUN apk update && apk add curl\n",
        .good = "FROM alpine:3.20\nRUN apk add --no-cache curl\n",
        .more =
            "Removing `/var/cache/apk/*` in the same RUN, or a cache mount on it, is fine too."}};

const Rule dnf_cache_left{
    .name = "DnfCacheLeft",
    .summary = "What dnf, yum or zypper download should not stay in a layer",
    .url = "",
    .run = check_dnf,
    .page = {
        .why = "dnf, microdnf, yum and zypper keep metadata and packages below `/var/cache`: often "
               "more than 100 MB of the\nlayer.",
        .bad = "FROM fedora:40\nRUN dnf install -y git\n",
        .good = "FROM fedora:40\nRUN dnf install -y git && dnf clean all\n",
        .more = ""}};

const Rule pip_cache_left{
    .name = "PipCacheLeft",
    .summary = "What pip downloads should not stay in a layer",
    .url = "",
    .run = check_pip,
    .page = {.why = "pip keeps what it downloads and builds below `~/.cache/pip`, in the layer "
                    "next to what "
                    "it has installed.",
             .bad = "FROM debian:12\nRUN pip install flask\n",
             .good = "FROM debian:12\nRUN pip install --no-cache-dir flask\n",
             .more = "`ENV PIP_NO_CACHE_DIR=1` or a cache mount does it as well."}};

} // namespace mybuild::lint::rules
