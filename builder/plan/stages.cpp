#include "builder/plan/stages.hpp"

#include "base/error_list.hpp"
#include "base/render.hpp"
#include "builder/plan/from_line.hpp"
#include "builder/plan/global_args.hpp"
#include "builder/plan/references.hpp"
#include "parser/suggest.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mybuild::plan {

namespace {

/// A stage and where its references stand.
struct Link {
    Reference reference;
    std::size_t needed = 0;
};

/// What plan_stages() works on: the graph, and for each stage its references to other stages.
struct Draft {
    const Dockerfile& file;
    const PlanOptions& options;
    StageGraph graph = {};
    std::vector<std::vector<Link>> links = {};
    ErrorList errors = {};

    [[nodiscard]] Error at(Error error, Span span) const {
        return std::move(error).at(file.source, span);
    }
};

void add_image(std::vector<FromImage>& images, const FromImage& image) {
    if (std::ranges::find(images, image) == images.end()) images.push_back(image);
}

void add_context(std::vector<std::string>& contexts, const std::string& name) {
    if (std::ranges::find(contexts, name) == contexts.end()) contexts.push_back(name);
}

void add_need(StageNode& stage, std::size_t needed) {
    const auto at = std::ranges::lower_bound(stage.needs, needed);
    if (at == stage.needs.end() || *at != needed) stage.needs.insert(at, needed);
}

void plan_from_lines(Draft& draft) {
    StageGraph& graph = draft.graph;
    auto scope = fold_global_args(draft.file, draft.options, draft.errors);
    graph.stages.reserve(draft.file.stages.size());
    for (const StageAst& ast : draft.file.stages)
        graph.stages.push_back(
            plan_from_line(draft.file, draft.options, scope, graph.stages, ast, draft.errors));
    graph.global_args = std::move(scope.args);
}

Status choose_target(Draft& draft) {
    StageGraph& graph = draft.graph;
    graph.target = graph.stages.size() - 1;
    const auto& wanted = draft.options.target;
    if (!wanted || wanted->empty()) return {};
    if (const auto index = find_stage(graph.stages, *wanted)) {
        graph.target = *index;
        return {};
    }
    std::vector<std::string_view> names;
    std::string list;
    for (const StageNode& stage : graph.stages) {
        if (stage.name.empty()) continue;
        names.push_back(stage.name);
        list += (list.empty() ? "" : ", ") + stage.name;
    }
    std::string hint = did_you_mean(*wanted, names);
    if (hint.empty())
        hint = list.empty() ? "no stage has a name: give one with FROM … AS name"
                            : "the stages are: " + text::shortened(list);
    return fail(
        Error{.code = ErrorCode::not_found,
              .message = fmt::format("target stage {} could not be found", text::quoted(*wanted)),
              .hint = std::move(hint)});
}

/// Takes in one reference of stage `index`.
Status add_reference(Draft& draft, std::size_t index, Reference reference) {
    StageGraph& graph = draft.graph;
    auto origin = resolve_reference(graph, reference.text, reference.kind, draft.options.platform);
    if (!origin) return fail(draft.at(std::move(origin).error(), reference.span));
    if (const auto* image = std::get_if<FromImage>(&*origin)) {
        add_image(graph.stages[index].images, *image);
    } else if (const auto* stage = std::get_if<FromStage>(&*origin)) {
        add_need(graph.stages[index], stage->index);
        draft.links[index].push_back({.reference = std::move(reference), .needed = stage->index});
    } else if (const auto* context = std::get_if<FromContext>(&*origin)) {
        add_context(graph.stages[index].contexts, context->name);
    }
    return {};
}

/// The references of an instruction; where they have errors, none.
std::vector<Reference> sound_references(Draft& draft, const Instruction& instruction) {
    auto references = references_of(draft.file, instruction);
    if (references) return std::move(*references);
    draft.errors.add(std::move(references).error());
    return {};
}

void add_references(Draft& draft) {
    draft.links.resize(draft.graph.stages.size());
    for (std::size_t index = 0; index < draft.graph.stages.size(); ++index) {
        if (draft.graph.stages[index].replaced) continue;
        for (const Instruction& instruction : draft.graph.stages[index].ast->instructions)
            for (Reference& reference : sound_references(draft, instruction))
                draft.errors.take(add_reference(draft, index, std::move(reference)));
    }
}

/// Follows references depth first; one that comes back to the way here is a circle.
class CircleSearch {
  public:
    explicit CircleSearch(Draft& draft) : m_draft(draft), m_seen(draft.links.size()) {}

    void visit(std::size_t stage) {
        if (m_seen[stage]) return;
        m_seen[stage] = true;
        m_way.push_back(stage);
        for (const Link& link : m_draft.links[stage]) {
            const auto start = std::ranges::find(m_way, link.needed);
            if (start != m_way.end())
                add(circle({start, m_way.end()}, link));
            else
                visit(link.needed);
        }
        m_way.pop_back();
    }
    [[nodiscard]] std::size_t found() const { return m_found; }

  private:
    void add(Error error) {
        m_draft.errors.add(std::move(error));
        ++m_found;
    }
    [[nodiscard]] Error circle(const std::vector<std::size_t>& stages, const Link& last) const {
        std::string way;
        for (const std::size_t stage : stages)
            way += display_name(m_draft.graph.stages, stage) + " needs ";
        way += display_name(m_draft.graph.stages, last.needed);
        Error error{.code = ErrorCode::invalid,
                    .message = "circular dependency detected on stage: " +
                               display_name(m_draft.graph.stages, last.needed)};
        if (stages.size() > 1) {
            error.notes.push_back(std::move(way));
            error.hint = "put what both need into a stage of its own above them";
        } else {
            error.hint = "a stage cannot take files from itself";
        }
        return m_draft.at(std::move(error), last.reference.span);
    }

    Draft& m_draft;
    std::vector<bool> m_seen;
    std::vector<std::size_t> m_way;
    std::size_t m_found = 0;
};

/// Adds the references of triggers to stage `index`; they all stand at its FROM.
void add_triggers(Draft& draft, std::size_t index, std::span<const std::string> triggers) {
    const Instruction& from = draft.graph.stages[index].ast->from;
    for (const std::string& text : triggers) {
        const auto instruction = parse_trigger(draft.file, from, text);
        if (!instruction) {
            draft.errors.add(instruction.error());
            continue;
        }
        for (Reference& reference : sound_references(draft, *instruction))
            if (auto added = add_reference(draft, index, std::move(reference)); !added)
                draft.errors.add(in_trigger(std::move(added).error(), text));
    }
}

/// The triggers that a stage of this file leaves to those that are based on it.
std::vector<std::string> triggers_of(const StageNode& stage) {
    std::vector<std::string> triggers;
    if (stage.replaced) return triggers;
    for (const Instruction& instruction : stage.ast->instructions)
        if (const auto* onbuild = std::get_if<Onbuild>(&instruction.body))
            triggers.push_back(onbuild->text);
    return triggers;
}

void check_links(Draft& draft, std::size_t index) {
    for (const Link& link : draft.links[index]) {
        auto ordered = check_order(draft.graph.stages, index, link.needed, link.reference.text,
                                   link.reference.kind);
        if (!ordered) draft.errors.add(draft.at(std::move(ordered).error(), link.reference.span));
    }
}

/// Marks what the target needs. A need stands above, else it is an error, so one pass from the
/// target upwards meets every stage after all that need it.
void mark_reachable(Draft& draft) {
    StageGraph& graph = draft.graph;
    graph.stages[graph.target].reachable = true;
    for (std::size_t index = graph.target + 1; index-- > 0;) {
        if (!graph.stages[index].reachable) continue;
        if (const auto* base = std::get_if<FromStage>(&graph.stages[index].base))
            add_triggers(draft, index, triggers_of(graph.stages[base->index]));
        check_links(draft, index);
        for (const std::size_t needed : graph.stages[index].needs)
            graph.stages[needed].reachable = true;
    }
}

void list_images(StageGraph& graph) {
    graph.images.clear();
    graph.contexts.clear();
    for (const StageNode& stage : graph.stages) {
        if (!stage.reachable) continue;
        for (const FromImage& image : stage.images)
            add_image(graph.images, image);
        for (const std::string& name : stage.contexts)
            add_context(graph.contexts, name);
    }
}

} // namespace

Result<StageGraph> plan_stages(const Dockerfile& file, const PlanOptions& options) {
    if (file.stages.empty())
        return fail(Error{.code = ErrorCode::syntax,
                          .message = "dockerfile contains no stages to build",
                          .hint = "begin it with FROM, for example FROM debian:12"});
    Draft draft{.file = file, .options = options};
    draft.graph.named = options.contexts;
    plan_from_lines(draft);
    const bool has_target = draft.errors.take(choose_target(draft));
    add_references(draft);
    CircleSearch circles(draft);
    for (std::size_t index = 0; index < draft.graph.stages.size(); ++index)
        circles.visit(index);
    // A circle has a stage in the wrong order, too; that is not worth a second error.
    if (has_target && circles.found() == 0) mark_reachable(draft);
    TRY(std::move(draft.errors).status());
    list_images(draft.graph);
    return std::move(draft.graph);
}

Status add_trigger_needs(const Dockerfile& file, StageGraph& graph, std::size_t stage,
                         std::span<const std::string> on_build, const PlanOptions& options) {
    Draft draft{.file = file, .options = options, .graph = graph};
    add_references(draft);
    add_triggers(draft, stage, on_build);
    check_links(draft, stage);
    mark_reachable(draft);
    TRY(std::move(draft.errors).status());
    list_images(draft.graph);
    graph = std::move(draft.graph);
    return {};
}

Result<Origin> resolve_from(const Dockerfile& /*file*/, const StageGraph& graph,
                            std::size_t current, std::string_view text,
                            const oci::Platform& platform, FromKind kind) {
    TRY_ASSIGN(auto origin, resolve_reference(graph, text, kind, platform));
    if (const auto* stage = std::get_if<FromStage>(&origin))
        TRY(check_order(graph.stages, current, stage->index, text, kind));
    return origin;
}

std::string stage_hint(const StageGraph& graph, std::size_t current, std::string_view name) {
    const std::span<const StageNode> stages = graph.stages;
    if (const auto index = find_stage(stages, name); index && *index >= current)
        return *index == current
                   ? fmt::format("{} is the name of this stage itself", printable(name))
                   : fmt::format("the stage {} stands below this one: move it above",
                                 printable(name));
    std::vector<std::string_view> names;
    for (const StageNode& stage : stages.first(current))
        if (!stage.name.empty()) names.push_back(stage.name);
    return did_you_mean(name, names);
}

} // namespace mybuild::plan
