#include "builder/build.hpp"

#include "builder/history.hpp"
#include "builder/scheduler.hpp"
#include "builder/session.hpp"
#include "builder/stage_builder.hpp"
#include "cache/store.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <thread>

namespace mybuild {
namespace {

/// Announces the steps in the order of the classic output.
event::Planned planned(const Session& session) {
    event::Planned planned;
    const auto add = [&](StepRef ref, const std::string& stage_name, const std::string& keyword,
                         const std::string& text, bool is_trigger, const Digest& key) {
        planned.steps.push_back({ref, stage_name, keyword, text, is_trigger, key});
    };
    std::size_t number = 0;
    for (const auto& arg : session.file.global_args)
        add({SIZE_MAX, number++}, "", arg.keyword, arg.text, false, {});
    for (std::size_t stage = 0; stage < session.graph.stages.size(); ++stage) {
        const auto& node = session.graph.stages[stage];
        if (!node.reachable) continue;
        const auto& plan = session.plans[stage];
        add({stage, 0}, node.name, "FROM", plan.from_text, false, session.starts[stage].definition);
        for (std::size_t i = 0; i < plan.steps.size(); ++i) {
            const auto& step = plan.steps[i];
            add({stage, i + 1}, node.name, step.keyword, step.text, step.is_trigger,
                session.keyed[stage][i].definition);
        }
    }
    return planned;
}

std::uint64_t size_of(const LayerStack& stack) {
    std::uint64_t size = 0;
    for (const auto& layer : stack)
        size += layer.row.file_bytes;
    return size;
}

/// Puts the finished image into the store, unless it is there, and points the tags at it. A build
/// in which nothing changed writes nothing.
Result<BuildResult> store_image(Session& session) {
    const auto& state = session.states[session.graph.target];
    auto& images = session.ports.store.images();
    BuildResult result;
    auto config = final_config(state.config, session.plans[session.graph.target].config);
    if (const auto latest = session.epoch_ns()) clamp_created(config, *latest);
    result.source_date_epoch = session.source_date_epoch;
    result.config = oci::write_config(config);
    result.image = Digest::of(result.config);
    result.chain = state.chain;

    TRY_ASSIGN(const auto known, images.find(result.image));
    if (!known) {
        StoredImage image{.id = result.image, .manifest = {}, .config = result.config};
        if (state.chain) {
            TRY_ASSIGN(const auto stack, session.ports.layers.stack(*state.chain));
            if (stack) image.size = size_of(*stack);
        }
        image.stored_ns = EventLog::now_ns();
        TRY(images.put(image));
    }
    std::vector<std::string> names;
    for (const auto& name : session.request.tags) {
        TRY_ASSIGN(const auto tagged, images.by_tag(name));
        if (!tagged || tagged->id != result.image)
            TRY(images.tag(name, known ? known->manifest : oci::Descriptor{}, result.image));
        if (std::find(names.begin(), names.end(), name.familiar()) == names.end())
            names.push_back(name.familiar());
    }
    session.events.send(event::Built{result.image, std::move(names)});
    return result;
}

/// What this build found on record stays wanted when space is reclaimed.
Status note_use(const Session& session) {
    std::vector<Digest> used;
    used.reserve(session.records.size());
    for (const auto& [key, record] : session.records)
        used.push_back(key);
    return session.ports.store.records().touch(used);
}

void warn_unused_args(Session& session) {
    std::vector<std::string> declared; // by triggers of base images, too
    for (const auto& stage : session.plans)
        declared.insert(declared.end(), stage.declared_order.begin(), stage.declared_order.end());
    const auto unused =
        plan::unused_build_args(session.file, session.graph, session.options, declared);
    if (unused.empty()) return;
    session.events.send(event::Warning{
        Error{ErrorCode::invalid, fmt::format("One or more build-args [{}] were not consumed",
                                              fmt::join(unused, " "))}});
}

Result<BuildResult> run(Session& session, std::stop_token stop) {
    TRY(prepare(session, stop));
    session.events.send(planned(session));

    std::vector<std::vector<std::size_t>> needs;
    std::vector<bool> wanted;
    for (const auto& node : session.graph.stages) {
        needs.push_back(node.needs);
        wanted.push_back(node.reachable);
    }
    // Steps wait for disks and networks as well as for processors.
    const std::size_t most_at_once = std::max(4U, std::thread::hardware_concurrency());
    TRY(run_graph(needs, wanted, most_at_once, stop, [&](std::size_t stage, std::stop_token token) {
        return StageBuilder(session, stage, std::move(token)).run();
    }));
    TRY(note_use(session));
    warn_unused_args(session);
    return store_image(session);
}

} // namespace

Result<BuildResult> build(const BuildRequest& request, const BuildPorts& ports,
                          std::stop_token stop) {
    Session session(request, ports);
    auto result = run(session, std::move(stop));
    if (!result) session.events.send(event::Failed{result.error().message});
    return result;
}

} // namespace mybuild
