#include "base/error_list.hpp"
#include "builder/bases.hpp"
#include "cache/store.hpp"
#include "cli/build_context.hpp"
#include "cli/build_inputs.hpp"
#include "cli/call.hpp"
#include "cli/check_report.hpp"
#include "cli/given.hpp"
#include "cli/progress.hpp"
#include "cli/remote_context.hpp"
#include "cli/wire.hpp"
#include "lint/check.hpp"
#include "lint/survey.hpp"
#include "parser/git_url.hpp"

#include <cstdlib>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace mybuild::cli {
namespace {

constexpr int exit_found = 3;

/// The context, and what it may read from while it is open.
struct Inputs {
    std::optional<Wire> wire;
    OpenedContext opened;
};

/// Whether the context and the Dockerfile are a directory and a file: no store is needed then.
bool is_local(const BuildCommand& command) {
    if (command.file && is_http_url(*command.file)) return false;
    struct stat info {};
    if (::stat(command.context.c_str(), &info) == 0) return true;
    return command.context != "-" && !is_http_url(command.context) &&
           !is_git_context(command.context);
}

Result<Inputs> open_inputs(const std::string& root, const BuildCommand& command) {
    Inputs inputs;
    if (is_local(command)) {
        TRY_ASSIGN(inputs.opened, open_directory(command));
        return inputs;
    }
    // An archive has to be put somewhere while it is read.
    TRY_ASSIGN(inputs.wire, Wire::open(root));
    TRY_ASSIGN(const auto given, open_given(command));
    TRY_ASSIGN(inputs.opened, open_context(*inputs.wire, command, given.remote({})));
    return inputs;
}

/// The store if there is one: a check makes none, and goes without one that it may not open.
std::unique_ptr<Store> existing_store(const std::string& root) {
    const auto get = [](const char* name) -> const char* { return std::getenv(name); };
    const auto path = root.empty() ? default_store_root(get, ::geteuid() == 0) : root;
    struct stat info {};
    if (path.empty() || ::stat(path.c_str(), &info) != 0) return nullptr;
    auto store = Store::open(path);
    return store ? std::move(*store) : nullptr;
}

lint::FindConfig find_in(Store* store) {
    return [store](const plan::FromImage& image) -> std::optional<oci::ImageConfig> {
        if (store == nullptr || !image.layout.empty()) return std::nullopt;
        const auto known = known_image(*store, image);
        if (!known || !*known) return std::nullopt;
        auto config = oci::parse_config((*known)->config);
        return config ? std::optional(std::move(*config)) : std::nullopt;
    };
}

/// The Dockerfile's path from the current directory, where code scanners look for it.
std::string path_of(const BuildCommand& command, const Source& source) {
    namespace files = std::filesystem;
    if (command.file == "-") return source.name();
    files::path path =
        command.file ? files::path(*command.file) : files::path(command.context) / source.name();
    std::error_code ignored;
    if (path.is_absolute()) {
        const auto near = path.lexically_relative(files::current_path(ignored));
        if (!near.empty() && *near.begin() != "..") path = near;
    }
    return path.lexically_normal().string();
}

CheckReport run_check(const lint::Survey& survey, const plan::PlanOptions& options,
                      const OpenedContext& opened) {
    CheckReport report{.source = opened.dockerfile};
    ErrorList errors;
    for (const Error& error : survey.errors)
        errors.add(error);
    IgnoreRules ignore;
    if (opened.context.ignore_file) {
        auto rules = IgnoreRules::parse(opened.context.ignore_file);
        if (rules)
            ignore = std::move(*rules);
        else
            errors.add(std::move(rules).error());
    }
    const auto asked = lint::check_options(survey.parsed.file, options);
    if (asked) {
        report.findings =
            lint::check(survey.subject(options, &ignore), *asked, lint::Purpose::check);
        if (auto error = lint::violation(report.findings, *asked, survey.parsed.file);
            error && errors.empty())
            errors.add(std::move(*error));
    } else {
        errors.add(asked.error());
    }
    report.errors = std::move(errors).sorted();
    for (const auto& image : survey.missing)
        report.missing.push_back(image.name.familiar());
    return report;
}

std::string shown(const CheckReport& report, Call::Format format) {
    switch (format) {
    case Call::Format::json:
        return check_json(report);
    case Call::Format::sarif:
        return check_sarif(report);
    case Call::Format::text:
        break;
    }
    return check_text(report);
}

} // namespace

Result<int> run_call(const std::string& root, const BuildCommand& command) {
    TRY_ASSIGN(auto options, make_plan_options(command));
    // Nothing is run, so there is nothing to allow.
    options.allow_host_network = true;
    options.allow_insecure = true;
    TRY_ASSIGN(const auto inputs, open_inputs(root, command));
    const auto store = existing_store(root);
    const auto& source = inputs.opened.dockerfile;
    const auto survey = lint::survey(source, options, find_in(store.get()));
    const bool as_json = command.call.format == Call::Format::json;
    TextSink out(STDOUT_FILENO);
    if (command.call.method == Call::Method::check) {
        auto report = run_check(survey, options, inputs.opened);
        report.path = path_of(command, *source);
        out.write(shown(report, command.call.format));
        const bool clean = report.findings.empty() && report.errors.empty();
        return clean || command.call.ignore_status ? 0 : exit_found;
    }
    const bool is_list = command.call.method == Call::Method::targets;
    const auto& errors = is_list ? survey.parsed.errors : survey.errors;
    if (!errors.empty()) return fail(joined(errors));
    if (is_list) {
        const auto targets = lint::targets(survey.parsed.file);
        out.write(as_json ? targets_json(targets, *source) : targets_text(targets));
    } else {
        const auto outline = lint::outline(survey, options);
        out.write(as_json ? outline_json(outline, *source) : outline_text(outline));
    }
    return 0;
}

} // namespace mybuild::cli
