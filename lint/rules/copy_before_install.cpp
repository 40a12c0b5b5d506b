#include "builder/plan/copy_source.hpp"
#include "lint/rules/common.hpp"
#include "lint/rules/installers.hpp"
#include "lint/rules/table.hpp"
#include "parser/path.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

namespace mybuild::lint::rules {
namespace {

/// A COPY of what changes with every commit.
struct Copied {
    const plan::Step* step;
    std::string source;      ///< cleaned; empty: all of the context
    std::string destination; ///< without a slash at its end
};

bool is_among(std::string_view word, std::span<const std::string_view> list) {
    return std::ranges::find(list, word) != list.end();
}

/// Directories and files that are sources by their names. What an installer may need to run
/// (`patches/`, `setup.py`, `vite.config.js`) is not among them.
bool is_source_code(std::string_view path) {
    constexpr std::array<std::string_view, 16> directories{
        "src",    "app",    "source", "sources",   "server",     "client", "frontend", "backend",
        "public", "static", "pages",  "templates", "components", "views",  "tests",    "website"};
    constexpr std::array<std::string_view, 9> endings{".py",  ".js", ".ts",   ".go",  ".rb",
                                                      ".php", ".rs", ".java", ".html"};
    const auto name = path.substr(path.rfind('/') + 1);
    if (is_among(name, directories)) return true;
    const auto dot = name.find('.');
    if (dot == name.npos || dot == 0 || name == "setup.py") return false;
    return name.find("install") == name.npos && is_among(name.substr(dot), endings);
}

std::optional<Copied> changes_often(const plan::Step& step) {
    const auto* op = std::get_if<plan::CopyOp>(&step.op);
    if (op == nullptr || op->from) return std::nullopt;
    std::string destination = clean_path(op->destination);
    for (const std::string& source : op->sources) {
        if (plan::classify_source(source) != plan::SourceKind::path) continue;
        const auto path = clean_path(source);
        if (path == "." || path == "/" || path == "*") return Copied{&step, "", destination};
        if (is_source_code(path)) return Copied{&step, path, destination};
    }
    return std::nullopt;
}

/// Whether a source of the COPY is the file, or a pattern for files like it (`package*.json`).
bool brings(const plan::Step& step, std::string_view file) {
    const auto* op = std::get_if<plan::CopyOp>(&step.op);
    if (op == nullptr || op->from) return false;
    file = file.substr(file.rfind('/') + 1);
    return std::ranges::any_of(op->sources, [&](std::string_view source) {
        const auto name = source.substr(source.rfind('/') + 1);
        const auto star = name.find_first_of("*?[");
        return name == file ||
               (star != name.npos && star > 0 && file.starts_with(name.substr(0, star)));
    });
}

/// A RUN that speaks of what was copied may need it.
bool speaks_of(const Subject& subject, const plan::Step& step, const Copied& copied) {
    const auto text = subject.file.source->slice(step.span);
    return text.find(copied.source) != text.npos ||
           (copied.destination.size() > 1 && text.find(copied.destination) != text.npos);
}

/// A stage, step by step.
class Watch {
  public:
    explicit Watch(const Subject& subject) : m_subject(subject) {}

    /// What is to be said once `step` is known.
    std::optional<std::pair<const plan::Step*, Found>> look_at(const plan::Step& step) {
        m_copies.push_back(&step);
        if (auto copied = changes_often(step)) m_copied.push_back(std::move(*copied));
        if (body_of<Run>(step) == nullptr) return std::nullopt;
        const auto install = find_install(step);
        if (!install) return std::nullopt;
        // What has run above the COPY has little to do below it.
        if (m_copied.empty() && !install->needs.empty()) m_installed.insert(install->program);
        if (m_installed.contains(install->program)) return std::nullopt;
        for (const Copied& copied : m_copied)
            if (copied.source.empty() || is_in_vain(step, *install, copied))
                return std::pair(copied.step, found(step, *install, copied));
        return std::nullopt;
    }

  private:
    /// Whether the files of a part of the context have nothing to do with the install.
    [[nodiscard]] bool is_in_vain(const plan::Step& step, const Install& install,
                                  const Copied& copied) const {
        if (install.program == "composer") return false; // its autoloader looks for classes
        if (install.needs.empty()) return !speaks_of(m_subject, step, copied);
        return is_there(install) ? !speaks_of(m_subject, step, copied)
                                 : is_inside(step, install, copied);
    }
    /// Whether a COPY of its own brings what the install needs.
    [[nodiscard]] bool is_there(const Install& install) const {
        return std::ranges::any_of(
            m_copies, [&](const plan::Step* copy) { return brings(*copy, install.needs.front()); });
    }
    /// Whether it comes with the directory.
    static bool is_inside(const plan::Step& step, const Install& install, const Copied& copied) {
        const auto& need = install.needs.front();
        if (need.starts_with('/')) return need.starts_with(copied.destination + "/");
        return clean_path(step.config.working_dir) == copied.destination;
    }

    [[nodiscard]] std::string needs_in_context(const Install& install, const Copied& copied) const {
        std::vector<std::string> paths;
        for (std::string_view need : install.needs) {
            if (need.starts_with(copied.destination + "/"))
                need.remove_prefix(copied.destination.size() + 1);
            paths.push_back(copied.source + (copied.source.empty() ? "" : "/") + std::string(need));
        }
        return fmt::format("{}", fmt::join(paths, " "));
    }

    [[nodiscard]] Found found(const plan::Step& step, const Install& install,
                              const Copied& copied) const {
        const auto line = line_of(m_subject, step.span.begin);
        const auto& keyword = copied.step->keyword;
        const auto what = copied.source.empty() ? std::string("any file") : copied.source;
        Found found{.message = fmt::format("Every change of {} makes {} on line {} run again", what,
                                           install.what, line),
                    .mark = copied.step->span};
        if (install.needs.empty())
            found.fix = fmt::format("the {} of line {} in a RUN above this {}", install.what, line,
                                    keyword);
        else if (!copied.source.empty() && is_there(install))
            found.fix = fmt::format("{} below the RUN of line {}", copied.source, line);
        else
            found.fix =
                fmt::format("COPY {} {}, then the RUN of line {}, then this {}",
                            needs_in_context(install, copied),
                            install.needs.front().starts_with('/') ? copied.destination + "/"
                                                                   : std::string("./"),
                            line, keyword);
        if (install.program == "composer")
            found.notes.emplace_back("composer's scripts and autoloader need the sources: composer "
                                     "install --no-scripts --no-autoloader above them, composer "
                                     "dump-autoload below");
        return found;
    }

    const Subject& m_subject;
    std::vector<const plan::Step*> m_copies;
    std::vector<Copied> m_copied;
    std::set<std::string> m_installed;
};

void run(const Subject& subject, Report& report) {
    for (std::size_t stage = 0; stage < subject.plans.size(); ++stage) {
        if (!subject.planned[stage]) continue;
        Watch watch(subject);
        for (const plan::Step& step : subject.plans[stage].steps) {
            if (step.is_trigger) continue;
            auto said = watch.look_at(step);
            if (!said) continue;
            report.add(*said->first->instruction, std::move(said->second));
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
            "Besides the whole context, directories and files that are source code by their names "
            "(`src`, `app`, `main.py`) count,\nunless the RUN speaks of them.\n\n"
            "Known installers: apt, apk, dnf, yum, zypper, npm, yarn, pnpm, bun, bundle, composer, "
            "pip, pipenv,\n`poetry install --no-root`, `uv sync "
            "--no-install-project`, `go mod download`, `cargo fetch`, `dotnet restore`,\n`mix "
            "deps.get`, `mvn dependency:go-offline`. Not reported where the install step has a "
            "cache mount, installs the\ncopied files themselves (`pip install .`), is `--offline`, "
            "or where the same installer has run above the COPY."}};

} // namespace mybuild::lint::rules
