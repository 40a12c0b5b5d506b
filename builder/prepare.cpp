#include "builder/bases.hpp"
#include "builder/contexts.hpp"
#include "builder/copy/chmod_option.hpp"
#include "builder/mounts/mount_keys.hpp"
#include "builder/ops/copy_sources.hpp"
#include "builder/session.hpp"
#include "cache/store.hpp"
#include "parser/parse.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <ctime>

namespace mybuild {
namespace {

constexpr std::size_t id_digits = 12;

Status parse(Session& session) {
    auto parsed = parse_dockerfile(session.request.dockerfile);
    for (auto& warning : parsed.warnings)
        session.events.send(event::Warning{std::move(warning)});
    if (!parsed.errors.empty()) {
        // One error ends the build; what else is wrong comes with it, so that it can be fixed at
        // once.
        auto first = std::move(parsed.errors.front());
        first.others.assign(std::make_move_iterator(parsed.errors.begin() + 1),
                            std::make_move_iterator(parsed.errors.end()));
        return fail(std::move(first));
    }
    session.file = std::move(parsed.file);
    return {};
}

/// A decimal SOURCE_DATE_EPOCH given as build arg.
Status read_epoch(Session& session) {
    const auto& args = session.request.plan.build_args;
    const auto given = args.find("SOURCE_DATE_EPOCH");
    if (given == args.end() || given->second.empty()) return {};
    char* end = nullptr;
    const auto value = std::strtoll(given->second.c_str(), &end, 10);
    if (*end != '\0' || value < 0) {
        return fail({ErrorCode::usage,
                     fmt::format("invalid SOURCE_DATE_EPOCH: {}", given->second),
                     {},
                     "it is the number of seconds since 1970-01-01 UTC"});
    }
    session.source_date_epoch = value;
    return {};
}

plan::StageBase base_of(const Session& session, const plan::StageNode& node,
                        const std::optional<oci::ImageConfig>& image) {
    plan::StageBase base;
    if (image) base.config = *image;
    if (const auto* from = std::get_if<plan::FromStage>(&node.base)) {
        const auto& below = session.plans[from->index];
        base.config = below.config;
        base.inherited_args = below.args;
        base.declared_order = below.declared_order;
    }
    return base;
}

Status plan_one(Session& session, std::size_t stage) {
    const auto& node = session.graph.stages[stage];
    auto& start = session.starts[stage];
    std::optional<oci::ImageConfig> config;
    if (const auto* from = std::get_if<plan::FromImage>(&node.base)) {
        start.image = session.image(*from);
        start.id = start.image->id.hex().substr(0, id_digits);
        TRY_ASSIGN(config, oci::parse_config(start.image->config));
        start.created = config->created;
    }
    TRY_ASSIGN(session.plans[stage],
               plan::plan_stage(session.file, session.graph, stage, base_of(session, node, config),
                                session.request.plan));
    for (auto& warning : session.plans[stage].warnings)
        session.events.send(event::Warning{warning});
    return {};
}

void warn_nothing_matched(Session& session, const plan::CopyOp& op) {
    auto warning =
        Error{ErrorCode::not_found,
              fmt::format("{} matches nothing in the build context", op.sources.front())};
    session.events.send(event::Warning{
        session.located(std::move(warning).with_hint("nothing is copied, as with Docker"),
                        op.source_spans.front())});
}

/// What a COPY copies, as far as its definition goes: digests of context files, or where else they
/// come from.
Status key_copy(Session& session, const plan::CopyOp& op, KeyedStep& keyed) {
    if (auto* context = ops::context_of(session, op.from)) {
        TRY_ASSIGN(keyed.selection, select_sources(op, *context, session.file.source));
        if (keyed.selection.empty() && !op.sources.empty()) warn_nothing_matched(session, op);
        LayoutOptions options;
        TRY(set_chmod(options, op.chmod));
        keyed.copied = selection_digest(keyed.selection, options, false);
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

Status key_stage(Session& session, std::size_t stage) {
    const auto& node = session.graph.stages[stage];
    auto& start = session.starts[stage];
    if (const auto* from = std::get_if<plan::FromStage>(&node.base)) {
        const auto& below = session.keyed[from->index];
        start.definition =
            below.empty() ? session.starts[from->index].definition : below.back().definition;
        start.id = below.empty() ? session.starts[from->index].id
                                 : start.definition.hex().substr(0, id_digits);
    } else if (const auto* context = std::get_if<plan::FromContext>(&node.base)) {
        TRY_ASSIGN(start.context, tree_digest(*session.named.at(context->name)));
        start.definition = context_definition(*start.context, node.platform);
        start.id = start.definition.hex().substr(0, id_digits);
    } else {
        start.definition = base_definition(
            start.image ? std::optional(start.image->id) : std::nullopt, node.platform);
    }
    auto parent = start.definition;
    for (const auto& step : session.plans[stage].steps) {
        KeyedStep keyed;
        keyed.own = own_key(step, node.platform, session.request.run);
        if (const auto* copy = std::get_if<plan::CopyOp>(&step.op)) {
            if (auto done = key_copy(session, *copy, keyed); !done)
                return fail(session.located(std::move(done).error().in(step.keyword), step.span));
        }
        if (const auto* run = std::get_if<plan::RunOp>(&step.op)) {
            TRY_ASSIGN(keyed.bound, mounted_contexts(session, *run));
            keyed.copied = mounts_definition(session, *run, keyed.bound);
        }
        keyed.definition = definition_key(parent, keyed.own, step.created_by, keyed.copied);
        parent = keyed.definition;
        session.keyed[stage].push_back(std::move(keyed));
    }
    return {};
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
    TRY(read_epoch(session));
    TRY_ASSIGN(session.graph, plan::plan_stages(session.file, session.request.plan));
    const auto count = session.graph.stages.size();
    session.plans.resize(count);
    session.starts.resize(count);
    session.keyed.resize(count);
    session.states.resize(count);
    TRY(resolve_images(session, stop));
    for (std::size_t stage = 0; stage < count; ++stage)
        if (session.graph.stages[stage].reachable) TRY(plan_one(session, stage));
    TRY(open_contexts(session, stop));
    // What changes from here on may carry this very tick of the file system's clock.
    const auto reading_since = coarse_now_ns();
    for (std::size_t stage = 0; stage < count; ++stage)
        if (session.graph.stages[stage].reachable) TRY(key_stage(session, stage));
    // A stat index that cannot be written costs time, never a build.
    for (const auto& index : session.stat_indexes)
        (void)index->save(reading_since);
    return look_up(session);
}

} // namespace mybuild
