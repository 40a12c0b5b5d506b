#include "base/error_list.hpp"
#include "builder/bases.hpp"
#include "builder/checks.hpp"
#include "builder/contexts.hpp"
#include "builder/copy/chmod_option.hpp"
#include "builder/epoch.hpp"
#include "builder/history.hpp"
#include "builder/mounts/mount_keys.hpp"
#include "builder/ops/copy_sources.hpp"
#include "builder/ops/sent_context.hpp"
#include "builder/plan/predefined.hpp"
#include "builder/remote/fetch_sources.hpp"
#include "builder/session.hpp"
#include "cache/store.hpp"
#include "lint/check.hpp"
#include "parser/csv.hpp"
#include "parser/parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>

namespace mybuild {
namespace {

constexpr std::size_t id_digits = 12;

Status parse(Session& session) {
    auto parsed =
        parse_dockerfile(session.request.dockerfile, plan::parse_options(session.options));
    session.file = std::move(parsed.file);
    session.parse_warnings = std::move(parsed.warnings);
    if (!parsed.errors.empty()) {
        ErrorList errors;
        for (auto& error : parsed.errors)
            errors.add(std::move(error));
        // What else is wrong with how the stages hang together can be fixed at once, too.
        if (parsed.stages_known && !session.file.stages.empty())
            errors.take(plan::plan_stages(session.file, session.options));
        errors.take(report_checks(session, Reached::part));
        return std::move(errors).status();
    }
    // Known before anything is pulled: whether it can be read.
    TRY(lint::check_options(session.file, session.options));
    return {};
}

/// What BuildKit once took as a build arg, and now refuses.
Status check_removed_args(const Session& session) {
    const auto& args = session.options.build_args;
    const auto given = args.find("BUILDKIT_DISABLE_FILEOP");
    if (given == args.end() || !parse_bool(given->second).value_or(false)) return {};
    return fail({ErrorCode::usage,
                 "support for \"BUILDKIT_DISABLE_FILEOP\" build-arg was removed in BuildKit 0.11",
                 {},
                 "leave it out"});
}

plan::StageBase base_of(const Session& session, const plan::StageNode& node,
                        const std::optional<oci::ImageConfig>& image) {
    if (const auto* from = std::get_if<plan::FromStage>(&node.base))
        return plan::base_from(session.plans[from->index]);
    plan::StageBase base;
    if (image) base.config = *image;
    return base;
}

/// Fails where the base cannot be read; errors in the stage are put among `errors`.
Status plan_one(Session& session, std::size_t stage, ErrorList& errors) {
    const auto& node = session.graph.stages[stage];
    auto& start = session.starts[stage];
    std::optional<oci::ImageConfig> config;
    if (const auto* from = std::get_if<plan::FromImage>(&node.base)) {
        start.image = session.image(*from);
        start.id = start.image->id.hex().substr(0, id_digits);
        TRY_ASSIGN(config, oci::parse_config(start.image->config));
        start.created = config->created;
        complete_history(*config);
    }
    auto& plan = session.plans[stage];
    plan = plan::plan_stage(session.file, session.graph, stage, base_of(session, node, config),
                            session.options);
    for (const auto& error : plan.errors)
        errors.add(error);
    return {};
}

/// What a COPY copies, as far as its definition goes: digests of context files, or where else they
/// come from.
Status key_copy(Session& session, StepRef ref, const plan::CopyOp& op, KeyedStep& keyed) {
    if (auto* context = ops::context_of(session, op.from)) {
        const auto fetched = session.fetched.find(ref);
        std::span<const FetchedSource> by_url;
        if (fetched != session.fetched.end()) by_url = fetched->second;
        if (!all_fetched(op, by_url)) return {}; // which is among the errors already
        TRY_ASSIGN(keyed.selection, select_sources(op, *context, session.file.source, by_url));
        TRY(ops::check_sent(session, op, keyed.selection, *context));
        ops::warn_unmatched(session, op, keyed.selection, context->name());
        LayoutOptions options;
        TRY(set_chmod(options, op.chmod));
        keyed.copied = selection_digest(keyed.selection, options, Owners::root);
        return {};
    }
    KeyBuilder key("copied from");
    key.add("sources", op.sources);
    for (const auto& file : op.inline_files)
        key.add("name", file.name).add("content", file.content);
    session.add_definition(key, *op.from);
    keyed.copied = key.digest();
    return {};
}

void key_stage(Session& session, std::size_t stage, ErrorList& errors) {
    const auto& node = session.graph.stages[stage];
    auto& start = session.starts[stage];
    if (const auto* from = std::get_if<plan::FromStage>(&node.base)) {
        const auto& below = session.keyed[from->index];
        start.definition =
            below.empty() ? session.starts[from->index].definition : below.back().definition;
        start.id = below.empty() ? session.starts[from->index].id
                                 : start.definition.hex().substr(0, id_digits);
    } else if (const auto* context = std::get_if<plan::FromContext>(&node.base)) {
        auto digest = tree_digest(*session.named.at(context->name));
        if (!digest)
            return errors.add(
                session.located(std::move(digest).error(), node.ast->base().image.span));
        start.context = *digest;
        start.definition = context_definition(*start.context, node.platform);
        start.id = start.definition.hex().substr(0, id_digits);
    } else {
        start.definition = base_definition(
            start.image ? std::optional(start.image->id) : std::nullopt, node.platform);
    }
    auto parent = start.definition;
    for (const auto& step : session.plans[stage].steps) {
        KeyedStep keyed;
        keyed.own = own_key(step, node.platform, session.request.run, session.source_date_epoch);
        if (const auto* copy = std::get_if<plan::CopyOp>(&step.op)) {
            const StepRef ref{stage, session.keyed[stage].size()};
            if (auto done = key_copy(session, ref, *copy, keyed); !done)
                errors.add(session.located(std::move(done).error().in(step.keyword), step.span));
        }
        if (const auto* run = std::get_if<plan::RunOp>(&step.op)) {
            if (auto bound = mounted_contexts(session, *run)) {
                keyed.bound = std::move(*bound);
                keyed.copied = mounts_definition(session, *run, keyed.bound);
            } else {
                errors.add(session.located(std::move(bound).error(), step.span));
            }
        }
        keyed.definition = definition_key(parent, keyed.own, step.created_by, keyed.copied);
        parent = keyed.definition;
        session.keyed[stage].push_back(std::move(keyed));
    }
}

/// The clock that files get their times from (clock_gettime(2), CLOCK_REALTIME_COARSE).
std::int64_t coarse_now_ns() {
    std::timespec now{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

Status look_up(Session& session) {
    std::vector<Digest> keys;
    for (const auto& stage : session.keyed)
        for (const auto& step : stage)
            keys.push_back(step.definition);
    TRY_ASSIGN(auto found, session.ports.store.records().by_definition(keys));
    for (auto& record : found)
        if (record) session.records.emplace(record->definition_key, std::move(*record));
    return {};
}

} // namespace

Status prepare(Session& session, std::stop_token stop) {
    TRY(parse(session));
    TRY(check_removed_args(session));
    auto graph = plan::plan_stages(session.file, session.options);
    if (!graph) {
        TRY(report_checks(session, Reached::text));
        return fail(std::move(graph).error());
    }
    session.graph = std::move(*graph);
    TRY(resolve_epoch(session, stop));
    const auto count = session.graph.stages.size();
    session.plans.resize(count);
    session.starts.resize(count);
    session.keyed.resize(count);
    session.states.resize(count);
    TRY(resolve_images(session, stop));
    ErrorList errors;
    for (std::size_t stage = 0; stage < count; ++stage)
        if (session.graph.stages[stage].reachable) TRY(plan_one(session, stage, errors));
    if (!errors.take(open_contexts(session, stop))) return std::move(errors).status();
    auto checked = report_checks(session, Reached::plans);
    if (errors.empty()) TRY(std::move(checked));
    TRY(fetch_sources(session, errors, stop));
    // What changes from here on may carry this very tick of the file system's clock.
    const auto reading_since = coarse_now_ns();
    for (std::size_t stage = 0; stage < count; ++stage)
        if (session.graph.stages[stage].reachable) key_stage(session, stage, errors);
    // A stat index that cannot be written costs time, never a build.
    for (const auto& index : session.stat_indexes)
        (void)index->save(reading_since);
    TRY(std::move(errors).status());
    return look_up(session);
}

} // namespace mybuild
