#include "builder/epoch.hpp"

#include "builder/contexts.hpp"
#include "builder/plan/copy_source.hpp"
#include "builder/plan/references.hpp"
#include "builder/remote/git_trees.hpp"
#include "builder/remote/url_context.hpp"
#include "parser/git_url.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace mybuild {
namespace {

constexpr const char* arg_name = "SOURCE_DATE_EPOCH";

using Time = std::optional<std::int64_t>; ///< seconds since 1970; none: the source has no time

/// The value; empty: there is none, or an empty one, which says the same.
std::string text_of(const Session& session) {
    const auto& args = session.options.build_args;
    if (const auto given = args.find(arg_name); given != args.end()) return given->second;
    const auto global = session.graph.global_args.find(arg_name);
    return global == session.graph.global_args.end() ? "" : global->second.value_or("");
}

std::optional<std::int64_t> number_of(std::string_view text) {
    std::int64_t seconds = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data(), end, seconds);
    if (problem != std::errc{} || stop != end || seconds < 0) return std::nullopt;
    return seconds;
}

Status need_network(const Session& session) {
    if (session.ports.http != nullptr) return {};
    return fail({ErrorCode::unsupported, "there is no network to fetch URLs from"});
}

/// When the commit was made that a URL means.
Result<Time> time_of_repository(Session& session, const GitUrl& url, std::stop_token stop) {
    TRY(need_network(session));
    GitTrees trees(git_ports(session.ports), session.ports.layers);
    TRY_ASSIGN(const auto time, trees.commit_time(url, std::move(stop)));
    return Time(time);
}

/// When a server says that a file was changed; else the time of the newest file of an archive.
Result<Time> time_of_file(Session& session, const std::string& text, const std::string& checksum,
                          std::stop_token stop) {
    TRY(need_network(session));
    auto& ports = session.ports;
    UrlFiles files(*ports.http, ports.store, ports.secret);
    TRY_ASSIGN(const auto url, parse_file_url(text));
    std::optional<Digest> digest;
    if (!checksum.empty()) {
        TRY_ASSIGN(digest, Digest::parse(checksum));
    }
    TRY_ASSIGN(const auto file, files.fetch(url, digest, {}, stop));
    if (file.modified != 0) return Time(file.modified);
    TRY_ASSIGN(const auto fetched,
               fetch_context(files, ports.store, ports.layers, text, {text}, std::move(stop)));
    if (!fetched.is_archive) return Time();
    return newest_file(*fetched.tree);
}

Result<Time> time_of_context(Session& session, const plan::ContextSpec& spec,
                             std::stop_token stop) {
    using Kind = plan::ContextSpec::Kind;
    if (spec.kind == Kind::url) return time_of_file(session, spec.text, "", std::move(stop));
    if (spec.kind != Kind::git) return Time(); // neither images nor directories have one
    TRY_ASSIGN(const auto url, parse_git_url(spec.text));
    return time_of_repository(session, url, std::move(stop));
}

tl::unexpected<Error> no_source(std::string_view what) {
    return fail(Error{ErrorCode::invalid, fmt::format("{} stage {}", arg_name, what)}.with_hint(
        "a stage that stands for a time is FROM scratch, with ARGs and one ADD of a URL"));
}

/// The one ADD of a stage that consists of nothing else.
Result<plan::CopyOp> source_of(const Session& session, std::size_t stage) {
    const auto& node = session.graph.stages[stage];
    if (!std::holds_alternative<plan::FromScratch>(node.base))
        return no_source("must use FROM scratch");
    for (const auto& instruction : node.ast->instructions)
        if (!std::holds_alternative<Arg>(instruction.body) &&
            !std::holds_alternative<Add>(instruction.body))
            return no_source(
                fmt::format("does not meet source-only requirements: unsupported {} instruction",
                            instruction.keyword));
    auto graph = session.graph;
    graph.global_args.erase(arg_name); // it would stand for itself
    auto planned = plan::plan_stage(session.file, graph, stage, {}, session.options);
    if (!planned.errors.empty()) return fail(std::move(planned.errors.front()));
    std::optional<plan::CopyOp> source;
    for (auto& step : planned.steps) {
        auto* const add = std::get_if<plan::CopyOp>(&step.op);
        if (add == nullptr) continue;
        if (source) return no_source("must contain exactly one remote ADD");
        source = std::move(*add);
    }
    if (!source) return no_source("must contain exactly one remote ADD");
    if (source->sources.size() != 1 || !source->inline_files.empty())
        return no_source("must contain exactly one remote ADD source");
    return *std::move(source);
}

Result<Time> time_of_stage(Session& session, std::size_t stage, std::stop_token stop) {
    TRY_ASSIGN(const auto add, source_of(session, stage));
    const auto& text = add.sources.front();
    const auto checksum = add.checksum.value_or("");
    switch (plan::classify_source(text)) {
    case plan::SourceKind::path:
        break;
    case plan::SourceKind::http:
        return time_of_file(session, text, checksum, std::move(stop));
    case plan::SourceKind::git:
        TRY_ASSIGN(auto url, parse_git_url(text));
        if (url.checksum.empty()) url.checksum = checksum;
        return time_of_repository(session, url, std::move(stop));
    }
    return no_source("source must be a single HTTP(S) or Git ADD");
}

Result<Time> time_of(Session& session, const std::string& text, std::stop_token stop) {
    if (const auto seconds = number_of(text)) return seconds;
    if (text == "context") return session.request.context.time;
    const auto& contexts = session.options.contexts;
    const auto named = plan::find_context(contexts, text, session.options.platform);
    if (named != contexts.end()) return time_of_context(session, named->second, std::move(stop));
    if (const auto stage = plan::find_stage(session.graph.stages, text)) {
        auto time = time_of_stage(session, *stage, std::move(stop));
        if (time) return time;
        return fail(
            session.located(std::move(time).error(), session.graph.stages[*stage].ast->from.span));
    }
    return fail(Error{ErrorCode::usage, fmt::format("invalid {}: {}", arg_name, text)}.with_hint(
        "it is the number of seconds since 1970-01-01 UTC, `context`, or the name of a context or "
        "stage"));
}

} // namespace

Status resolve_epoch(Session& session, std::stop_token stop) {
    const auto text = text_of(session);
    if (text.empty()) return {};
    TRY_ASSIGN(session.source_date_epoch, time_of(session, text, std::move(stop)));
    const auto& found = session.source_date_epoch;
    const auto shown = found ? std::to_string(*found) : "";
    auto& given = session.options.build_args;
    if (const auto at = given.find(arg_name); at != given.end()) at->second = shown;
    auto& global = session.graph.global_args;
    if (const auto at = global.find(arg_name); at != global.end()) at->second = shown;
    return {};
}

} // namespace mybuild
