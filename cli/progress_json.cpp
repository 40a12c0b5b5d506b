#include "cli/progress.hpp"

#include <nlohmann/json.hpp>

namespace mybuild::cli {
namespace {

using nlohmann::json;

std::string_view name(event::Outcome outcome) {
    switch (outcome) {
    case event::Outcome::cached:
        return "cached";
    case event::Outcome::done:
        return "done";
    case event::Outcome::failed:
        return "failed";
    case event::Outcome::cancelled:
        break;
    }
    return "cancelled";
}

json to_json(const StepRef& ref) {
    // Global ARGs stand before every stage.
    if (ref.stage == SIZE_MAX) return {{"stage", nullptr}, {"step", ref.step}};
    return {{"stage", ref.stage}, {"step", ref.step}};
}

json to_json(const event::Planned& e) {
    auto steps = json::array();
    for (const auto& step : e.steps) {
        steps.push_back({{"ref", to_json(step.ref)},
                         {"stageName", step.stage_name},
                         {"keyword", step.keyword},
                         {"text", step.text},
                         {"trigger", step.is_trigger}});
        if (step.key != Digest{}) steps.back()["key"] = step.key.str();
    }
    return {{"event", "planned"}, {"steps", std::move(steps)}};
}
json to_json(const event::StepStarted& e) {
    return {{"event", "started"}, {"ref", to_json(e.ref)}, {"timeNs", e.time_ns}};
}
json to_json(const event::StepWaiting& e) {
    return {{"event", "waiting"}, {"ref", to_json(e.ref)}, {"what", e.what}};
}
json to_json(const event::StepRunning& e) {
    return {{"event", "running"}, {"ref", to_json(e.ref)}, {"container", e.container}};
}
json to_json(const event::StepOutput& e) {
    const bool out = e.stream == event::Stream::out;
    return {{"event", "output"},
            {"ref", to_json(e.ref)},
            {"stream", out ? "stdout" : "stderr"},
            {"text", e.bytes},
            {"timeNs", e.time_ns}};
}
json to_json(const event::StepProgress& e) {
    return {{"event", "progress"},
            {"ref", to_json(e.ref)},
            {"what", e.what},
            {"current", e.current},
            {"total", e.total}};
}
json to_json(const event::StepFinished& e) {
    return {{"event", "finished"},
            {"ref", to_json(e.ref)},
            {"outcome", name(e.outcome)},
            {"id", e.id},
            {"timeNs", e.time_ns}};
}
json to_json(const event::Warning& e) {
    json out{{"event", "warning"}, {"message", e.warning.message}};
    if (!e.warning.hint.empty()) out["hint"] = e.warning.hint;
    if (e.warning.where) {
        const auto& [source, span] = *e.warning.where;
        const auto at = source->position(span.begin);
        out["file"] = source->name();
        out["line"] = at.line;
        out["column"] = at.column;
    }
    if (!e.rule.empty()) {
        out["rule"] = e.rule;
        out["summary"] = e.summary;
        if (!e.url.empty()) out["url"] = e.url;
    }
    return out;
}
json to_json(const event::Built& e) {
    return {{"event", "built"}, {"image", e.image.str()}, {"names", e.names}};
}
json to_json(const event::Failed& e) {
    return {{"event", "failed"}, {"message", e.message}};
}
json to_json(const event::Exporting& e) {
    return {{"event", "exporting"}, {"what", e.what}, {"done", e.done}, {"timeNs", e.time_ns}};
}

class JsonProgress final : public EventSink {
  public:
    explicit JsonProgress(TextSink out) : m_out(out) {}
    void on(const Event& event) noexcept override {
        const auto object = std::visit([](const auto& e) { return to_json(e); }, event);
        // Output of commands may be any bytes; what is no UTF-8 becomes U+FFFD.
        m_out.write(object.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
    }

  private:
    TextSink m_out;
};

} // namespace

std::unique_ptr<EventSink> make_json_progress(TextSink out) {
    return std::make_unique<JsonProgress>(out);
}

} // namespace mybuild::cli
