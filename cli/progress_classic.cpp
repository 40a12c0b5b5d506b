#include "base/render.hpp"
#include "cli/found_warnings.hpp"
#include "cli/progress.hpp"

#include <fmt/format.h>

#include <map>
#include <vector>

namespace mybuild::cli {
namespace {

/// Prints stages one after the other, as the classic builder runs them, while they may run at the
/// same time: the first unfinished stage is printed as it goes, what the others say waits for its
/// turn.
class ClassicProgress final : public EventSink {
  public:
    ClassicProgress(TextSink out, TextSink errors) : m_out(out), m_errors(errors) {}

    void on(const Event& event) noexcept override {
        std::visit([this](const auto& e) { handle(e); }, event);
    }

  private:
    void handle(const event::Planned& planned) {
        m_steps = planned.steps;
        for (const auto& step : m_steps)
            if (!step.is_trigger) ++m_total;
        for (const auto& step : m_steps) {
            if (step.is_trigger) ++m_triggers[step.ref.stage];
            if (step.ref.stage != SIZE_MAX) m_last[step.ref.stage] = step.ref.step;
        }
        for (const auto& step : m_steps) {
            if (!step.is_trigger) m_numbers[step.ref] = ++m_number;
            m_by_ref[step.ref] = &step;
            if (step.ref.stage == SIZE_MAX)
                m_out.write(step_line(step)); // a global ARG
            else if (m_order.empty() || m_order.back() != step.ref.stage)
                m_order.push_back(step.ref.stage);
        }
    }

    std::string step_line(const event::Planned::StepInfo& step) {
        return fmt::format("Step {}/{} : {}\n", m_numbers[step.ref], m_total, printable(step.text));
    }

    void handle(const event::StepStarted& e) {
        const auto& step = *m_by_ref.at(e.ref);
        if (!step.is_trigger) say(e.ref.stage, step_line(step));
    }
    void handle(const event::StepWaiting& e) {
        say(e.ref.stage, fmt::format(" ---> Waiting for {}\n", printable(e.what)));
    }
    void handle(const event::StepRunning& e) {
        say(e.ref.stage, fmt::format(" ---> Running in {}\n", e.container));
        m_containers[e.ref] = e.container;
    }
    void handle(const event::StepOutput& e) { say(e.ref.stage, e.bytes); }
    void handle(const event::StepProgress&) {}
    void handle(const event::StepFinished& e) {
        const auto stage = e.ref.stage;
        if (e.outcome == event::Outcome::failed || e.outcome == event::Outcome::cancelled) {
            m_failed = true;
            // Whatever waits for its turn belongs to the story of the failure.
            for (const auto waiting : m_order)
                flush(waiting);
            return;
        }
        if (e.outcome == event::Outcome::cached) say(stage, " ---> Using cache\n");
        if (e.had_container)
            say(stage, fmt::format("Removing intermediate container {}\n", m_containers[e.ref]));
        say(stage, fmt::format(" ---> {}\n", e.id));
        if (const auto count = m_triggers.find(stage);
            e.ref.step == 0 && count != m_triggers.end()) {
            say(stage, fmt::format("# Executing {} build trigger{}\n", count->second,
                                   count->second == 1 ? "" : "s"));
        }
        if (e.ref.step == m_last[stage]) next_stage(stage);
    }
    void handle(const event::Warning& e) {
        if (!m_found.keep(e)) m_errors.write(render_warning(e.warning));
    }
    void handle(const event::Built& e) {
        m_out.write(fmt::format("Successfully built {}\n", e.image.hex().substr(0, 12)));
        for (const auto& name : e.names)
            m_out.write(fmt::format("Successfully tagged {}\n", name));
        m_errors.write(m_found.take());
    }
    void handle(const event::Failed&) { m_errors.write(m_found.take()); }
    void handle(const event::Exporting&) {}

    void say(std::size_t stage, const std::string& text) {
        if (m_failed || (m_front < m_order.size() && m_order[m_front] == stage))
            m_out.write(text);
        else
            m_waiting[stage] += text;
    }
    void flush(std::size_t stage) {
        m_out.write(m_waiting[stage]);
        m_waiting[stage].clear();
    }
    void next_stage(std::size_t done) {
        m_done[done] = true;
        while (m_front < m_order.size() && m_done[m_order[m_front]]) {
            ++m_front;
            if (m_front < m_order.size()) flush(m_order[m_front]);
        }
    }

    TextSink m_out, m_errors;
    FoundWarnings m_found;
    std::vector<event::Planned::StepInfo> m_steps;
    std::map<StepRef, const event::Planned::StepInfo*> m_by_ref;
    std::map<StepRef, std::size_t> m_numbers;
    std::map<StepRef, std::string> m_containers;
    std::map<std::size_t, std::size_t> m_triggers, m_last;
    std::map<std::size_t, std::string> m_waiting;
    std::map<std::size_t, bool> m_done;
    std::vector<std::size_t> m_order; ///< stages as they are printed
    std::size_t m_front = 0;          ///< the one printed as it goes
    std::size_t m_total = 0, m_number = 0;
    bool m_failed = false;
};

class QuietProgress final : public EventSink {
  public:
    explicit QuietProgress(TextSink errors) : m_errors(errors) {}
    void on(const Event& event) noexcept override {
        // What checks find is not told here, as with Docker.
        if (const auto* warning = std::get_if<event::Warning>(&event);
            warning != nullptr && warning->rule.empty())
            m_errors.write(render_warning(warning->warning));
    }

  private:
    TextSink m_errors;
};

} // namespace

std::unique_ptr<EventSink> make_classic_progress(TextSink out, TextSink errors) {
    return std::make_unique<ClassicProgress>(out, errors);
}

std::unique_ptr<EventSink> make_quiet_progress(TextSink errors) {
    return std::make_unique<QuietProgress>(errors);
}

} // namespace mybuild::cli
