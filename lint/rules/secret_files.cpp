#include "builder/plan/copy_source.hpp"
#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"
#include "parser/path.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mybuild::lint::rules {
namespace {

constexpr std::array<std::string_view, 14> names{
    "id_rsa",  "id_dsa",  "id_ecdsa",         "id_ed25519", ".env",      ".npmrc", ".netrc",
    ".pypirc", ".pgpass", ".git-credentials", ".dockercfg", ".htpasswd", ".ssh",   ".gnupg"};
constexpr std::array<std::string_view, 4> paths{".docker/config.json", ".aws/credentials",
                                                ".kube/config", ".m2/settings.xml"};
constexpr std::array<std::string_view, 4> endings{".key", ".p12", ".pfx", ".kdbx"};
/// `.env.example` and so on are there to be shown.
constexpr std::array<std::string_view, 6> harmless{"example", "sample",  "template",
                                                   "dist",    "default", "pub"};
constexpr std::array<std::string_view, 6> public_marks{"pub",     "gpg",     "apt",
                                                       "archive", "keyring", "repo"};

bool is_secret(std::string_view path) {
    const auto slash = path.rfind('/');
    const auto name = slash == path.npos ? path : path.substr(slash + 1);
    const auto dot = name.rfind('.');
    if (dot != name.npos && std::ranges::find(harmless, name.substr(dot + 1)) != harmless.end())
        return false;
    // Keys that sign packages, in their public half: nodesource.gpg.key, docker-archive.key.
    if (std::ranges::any_of(public_marks,
                            [&](std::string_view mark) { return name.find(mark) != name.npos; }))
        return false;
    if (std::ranges::find(names, name) != names.end()) return true;
    if (name.starts_with(".env.")) return true;
    const auto ends = [&](std::string_view end) {
        return path == end || path.ends_with("/" + std::string(end));
    };
    if (std::ranges::any_of(paths, ends)) return true;
    return std::ranges::any_of(endings, [&](std::string_view end) {
        return name.size() > end.size() && name.ends_with(end);
    });
}

void run(const Subject& subject, Report& report) {
    const auto shipped = shipped_stages(subject);
    each_step(subject, [&](std::size_t stage, const plan::Step& step) {
        const auto* op = std::get_if<plan::CopyOp>(&step.op);
        if (op == nullptr || op->from || !shipped[stage]) return;
        for (std::size_t i = 0; i < op->sources.size(); ++i) {
            // What a URL names is there for all who know it.
            if (plan::classify_source(op->sources[i]) != plan::SourceKind::path) continue;
            const auto path = clean_path(op->sources[i]);
            if (!is_secret(path)) continue;
            report.add(*step.instruction,
                       {.message = fmt::format("{} looks like a file of secrets: everybody who has "
                                               "the image can read it",
                                               path),
                        .mark = op->source_spans[i],
                        .fix = fmt::format("RUN --mount=type=secret,id={0},target=/run/secrets/{0} "
                                           "… and --secret id={0},src={1} when you build",
                                           text::lower(path.substr(path.rfind('/') + 1)), path)});
        }
    });
}

} // namespace

const Rule secret_file_copied{
    .name = "SecretFileCopied",
    .summary = "Keys, credentials and .env files should not be copied into an image",
    .url = "",
    .run = run,
    .page = {
        .why = "A file that was copied is in its layer for good: a later `RUN rm` only hides it. "
               "Registries, caches and all\nwho pull the image get it.\n\nLooked for by name: "
               "SSH keys, `.env` and `.env.*`, `.npmrc`, `.netrc`, `.pypirc`, "
               "`.git-credentials`,\n`.docker/config.json`, `.aws/credentials`, `*.key`, `*.p12` "
               "and their like, but not `*.example`,\n`*.sample`, `*.template`, `*.pub`, nor what "
               "is public by its name (`docker.gpg.key`). Stages that are only\ncopied from are "
               "not looked at.",
        .bad = "FROM node:20\nCOPY package.json .npmrc ./\nRUN npm ci\n",
        .good = "FROM node:20\nCOPY package.json ./\nRUN "
                "--mount=type=secret,id=npmrc,target=/root/.npmrc npm ci\n",
        .more =
            "Put such names into `.dockerignore` as well, so that `COPY . .` does not take them."}};

} // namespace mybuild::lint::rules
