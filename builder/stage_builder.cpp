#include "builder/stage_builder.hpp"

#include "builder/bases.hpp"
#include "builder/contexts.hpp"
#include "builder/history.hpp"
#include "builder/mounts/mount_keys.hpp"
#include "builder/ops/copy_sources.hpp"
#include "builder/ops/ops.hpp"
#include "cache/store.hpp"

#include <fmt/format.h>

namespace mybuild {
namespace {

constexpr std::size_t id_digits = 12;

std::function<Result<LayerStack>()> loader(LayerStore& store, std::optional<Digest> chain) {
    return [&store, chain]() -> Result<LayerStack> {
        if (!chain) return LayerStack{};
        TRY_ASSIGN(auto stack, store.stack(*chain));
        if (stack) return std::move(*stack);
        return fail({ErrorCode::corrupt,
                     fmt::format("layer {} is recorded, but gone from the store", chain->str()),
                     {},
                     "build with --no-cache to make it again"});
    };
}

} // namespace

StageBuilder::StageBuilder(Session& session, std::size_t stage, std::stop_token stop)
    : m_session(session), m_stage(stage), m_stop(std::move(stop)),
      m_layers(session.ports.layers, [] { return Result<LayerStack>(LayerStack{}); }),
      m_use_cache(!session.request.no_cache) {}

std::string StageBuilder::id_after(std::size_t index) const {
    return m_session.keyed[m_stage][index].definition.hex().substr(0, id_digits);
}

void StageBuilder::finished(std::size_t index, event::Outcome outcome, bool had_container) {
    m_session.events.send(event::StepFinished{
        {m_stage, index + 1}, outcome, id_after(index), EventLog::now_ns(), had_container});
}

Status StageBuilder::begin() {
    const StepRef ref{m_stage, 0};
    m_session.events.send(event::StepStarted{ref, EventLog::now_ns()});
    const auto& start = m_session.starts[m_stage];
    m_state.definition = start.definition;
    m_state.config = m_session.plans[m_stage].base_config;
    m_state.config.created = start.created;
    if (const auto* from = std::get_if<plan::FromStage>(&m_session.graph.stages[m_stage].base)) {
        const auto& below = m_session.states[from->index];
        m_state.config.history = below.config.history;
        m_state.config.diff_ids = below.config.diff_ids;
        m_state.config.created = below.config.created;
        m_state.chain = below.chain;
        m_layers.become(loader(m_session.ports.layers, m_state.chain));
    } else if (start.context) {
        TRY(begin_from_context(std::get<plan::FromContext>(m_session.graph.stages[m_stage].base)));
    } else if (start.image) {
        for (const auto& diff_id : m_state.config.diff_ids)
            m_state.chain = oci::chain_id(m_state.chain, diff_id);
        m_layers.become([this, &image = *start.image]() -> Result<LayerStack> {
            auto layers =
                image_layers(m_session.ports.store, m_session.ports.layers, image, m_stop);
            if (layers) return layers;
            const auto& written = m_session.graph.stages[m_stage].ast->base();
            return fail(m_session.located(std::move(layers).error(), written.image.span));
        });
    }
    m_session.events.send(
        event::StepFinished{ref, event::Outcome::done, start.id, EventLog::now_ns()});
    return {};
}

/// The files of a named context are the stage's first layer.
Status StageBuilder::begin_from_context(const plan::FromContext& from) {
    const auto& start = m_session.starts[m_stage];
    TRY_ASSIGN(const auto layer,
               tree_layer(m_session, *m_session.named.at(from.name), *start.context));
    if (!layer) return {};
    m_state.chain = layer->row.chain_id;
    m_state.config.diff_ids = {layer->row.diff_id};
    m_state.config.created = format_time(newest_time(*layer) * 1'000'000'000);
    m_state.config.history = {{.created = m_state.config.created,
                               .created_by = fmt::format("[context {}]", from.name),
                               .comment = "mybuild"}};
    m_layers.become(loader(m_session.ports.layers, m_state.chain));
    return {};
}

Status StageBuilder::run() {
    TRY(begin());
    const auto& steps = m_session.plans[m_stage].steps;
    for (std::size_t index = 0; index < steps.size(); ++index) {
        if (m_stop.stop_requested()) return fail({ErrorCode::cancelled, "the build was stopped"});
        m_session.events.send(event::StepStarted{{m_stage, index + 1}, EventLog::now_ns()});
        if (auto done = one_step(index); !done) {
            // The step before this one did succeed: what it made is kept for the next try.
            (void)settle();
            const auto outcome = done.error().code == ErrorCode::cancelled
                                     ? event::Outcome::cancelled
                                     : event::Outcome::failed;
            finished(index, outcome, false);
            return fail(m_session.located(std::move(done).error(), steps[index].span));
        }
    }
    TRY(settle());
    m_session.states[m_stage] = std::move(m_state);
    return {};
}

Status StageBuilder::one_step(std::size_t index) {
    if (m_use_cache) {
        TRY_ASSIGN(const bool recorded, from_definition(index));
        if (recorded) return {};
        TRY_ASSIGN(const bool runs, surely_runs(index));
        if (!runs) {
            TRY_ASSIGN(const bool same_content, from_content(index));
            if (same_content) return {};
        }
    }
    return execute(index);
}

Result<bool> StageBuilder::from_definition(std::size_t index) {
    const auto found = m_session.records.find(m_session.keyed[m_stage][index].definition);
    if (found == m_session.records.end()) return false;
    TRY(settle());
    const auto& record = found->second;
    // The parent may have been made anew meanwhile (--no-cache): what it had before does not count.
    if (record.parent_chain != m_state.chain) return false;
    std::optional<Digest> diff_id;
    if (record.makes_layer) {
        TRY_ASSIGN(const auto config, oci::parse_config(record.config));
        if (config.diff_ids.empty()) return false;
        diff_id = config.diff_ids.back();
        m_layers.become(loader(m_session.ports.layers, record.chain));
    }
    advance(index, record.chain, diff_id, record.created_ns);
    finished(index, event::Outcome::cached, false);
    return true;
}

Result<bool> StageBuilder::surely_runs(std::size_t index) {
    TRY_ASSIGN(const bool known, m_session.ports.store.records().any_with_own_key(
                                     m_session.keyed[m_stage][index].own.digest));
    return !known;
}

Result<Digest> StageBuilder::content_key_of(std::size_t index) {
    TRY(settle());
    TRY_ASSIGN(auto below, m_layers.contents());
    const auto& step = m_session.step(m_stage, index);
    const auto& keyed = m_session.keyed[m_stage][index];
    auto copied = keyed.copied;
    const auto* copy = std::get_if<plan::CopyOp>(&step.op);
    if (copy != nullptr && ops::context_of(m_session, copy->from) == nullptr) {
        TRY_ASSIGN(copied, ops::copied_content(m_session, *copy, m_stop));
    } else if (const auto* run = std::get_if<plan::RunOp>(&step.op); run != nullptr && copied) {
        TRY_ASSIGN(copied, mounts_content(m_session, *run, keyed.bound, m_stop));
    }
    // What COPY --link makes is the same on any layers.
    if (copy != nullptr && copy->link) below = empty_content_chain();
    return content_key(below, keyed.own, step, copied);
}

Result<bool> StageBuilder::from_content(std::size_t index) {
    TRY_ASSIGN(const auto key, content_key_of(index));
    TRY_ASSIGN(const auto records, m_session.ports.store.records().by_content(key));
    for (const auto& record : records) {
        auto chain = m_state.chain;
        std::optional<Digest> diff_id;
        if (record.makes_layer) {
            if (!record.chain) continue;
            TRY_ASSIGN(auto layer, m_session.ports.layers.find(*record.chain));
            if (!layer) continue;
            if (record.parent_chain != m_state.chain) {
                TRY_ASSIGN(layer, m_session.ports.layers.adopt(m_state.chain, *layer));
            }
            chain = layer->row.chain_id;
            diff_id = layer->row.diff_id;
            m_layers.push(std::move(*layer));
        }
        const auto parent_chain = m_state.chain;
        advance(index, chain, diff_id, record.created_ns);
        TRY(this->record(index, key, parent_chain, record.created_ns, record.duration_ns));
        finished(index, event::Outcome::cached, false);
        return true;
    }
    return false;
}

void StageBuilder::advance(std::size_t index, const std::optional<Digest>& chain,
                           const std::optional<Digest>& diff_id, std::int64_t created_ns) {
    const auto& step = m_session.step(m_stage, index);
    m_state.definition = m_session.keyed[m_stage][index].definition;
    m_state.config =
        extended_config(m_state.config, step, diff_id, m_session.epoch_ns().value_or(created_ns));
    if (step.makes_layer) m_state.chain = chain;
}

Status StageBuilder::record(std::size_t index, const Digest& content,
                            const std::optional<Digest>& parent_chain, std::int64_t created_ns,
                            std::int64_t duration_ns) {
    const auto& keyed = m_session.keyed[m_stage][index];
    StepRecord record;
    record.definition_key = keyed.definition;
    record.content_key = content;
    record.own_key = keyed.own.digest;
    record.parent_chain = parent_chain;
    record.chain = m_state.chain;
    record.makes_layer = m_session.step(m_stage, index).makes_layer;
    record.created_ns = created_ns;
    record.fields = encode_fields(keyed.own.fields);
    record.config = oci::write_config(m_state.config);
    record.duration_ns = duration_ns;
    return m_session.ports.store.records().put({&record, 1});
}

Status StageBuilder::execute(std::size_t index) {
    const auto& step = m_session.step(m_stage, index);
    const auto began = EventLog::now_ns();
    const auto after = [&] { return EventLog::now_ns() - began; };

    if (const auto* run = std::get_if<plan::RunOp>(&step.op)) {
        // A command needs the trees below, not their hashes: those may still be on their way.
        TRY_ASSIGN(auto scratch, m_layers.prepare());
        TRY_ASSIGN(const bool is_kept,
                   ops::run(m_session, {m_stage, index + 1}, *run, *scratch, m_stop));
        TRY(settle());
        TRY_ASSIGN(const auto content, content_key_of(index));
        TRY(m_layers.seal(std::move(scratch)));
        m_pending = Pending{index, content, began, after(), is_kept};
        finished(index, event::Outcome::done, true);
        return {};
    }

    // Docker's classic output shows a container for every step but COPY and ADD.
    const bool shows_container = !std::holds_alternative<plan::CopyOp>(step.op);
    if (shows_container)
        m_session.events.send(event::StepRunning{{m_stage, index + 1}, ops::container_name()});
    TRY_ASSIGN(const auto content, content_key_of(index));
    const auto parent_chain = m_state.chain;
    std::optional<Digest> diff_id;
    auto chain = m_state.chain;
    if (step.makes_layer) {
        TRY_ASSIGN(const auto view, m_layers.view());
        TRY_ASSIGN(auto layer, ops::make_layer(m_session, m_stage, index, view, m_state.chain,
                                               m_session.epoch_ns().value_or(began), m_stop));
        diff_id = layer.row.diff_id;
        chain = layer.row.chain_id;
        m_layers.push(std::move(layer));
    }
    const auto created_or_known = time_of(index, parent_chain, chain, began);
    advance(index, chain, diff_id, created_or_known);
    TRY(record(index, content, parent_chain, created_or_known, after()));
    finished(index, event::Outcome::done, shows_container);
    return {};
}

std::int64_t StageBuilder::time_of(std::size_t index, const std::optional<Digest>& parent_chain,
                                   const std::optional<Digest>& chain, std::int64_t now) const {
    const auto old = m_session.records.find(m_session.keyed[m_stage][index].definition);
    if (old == m_session.records.end()) return now;
    const bool same = old->second.parent_chain == parent_chain && old->second.chain == chain;
    return same ? old->second.created_ns : now;
}

Status StageBuilder::settle() {
    if (!m_pending) return {};
    const auto pending = *m_pending;
    m_pending.reset();
    auto layer = m_layers.hashed();
    if (!layer) {
        return fail(m_session.located(std::move(layer).error(),
                                      m_session.step(m_stage, pending.index).span));
    }
    const auto parent_chain = m_state.chain;
    const auto created =
        time_of(pending.index, parent_chain, layer->row.chain_id, pending.created_ns);
    advance(pending.index, layer->row.chain_id, layer->row.diff_id, created);
    if (!pending.is_kept) return {};
    return record(pending.index, pending.content, parent_chain, created, pending.duration_ns);
}

} // namespace mybuild
