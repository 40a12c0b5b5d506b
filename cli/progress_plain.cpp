#include "base/render.hpp"
#include "cli/found_warnings.hpp"
#include "cli/progress.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>

namespace mybuild::cli {
namespace {

/// One block for each step, numbered in the order in which they begin; output lines carry the
/// seconds since the step began (cli-and-outputs.md, section 7).
class PlainProgress final : public EventSink {
  public:
    explicit PlainProgress(TextSink out) : m_out(out) {}

    void on(const Event& event) noexcept override {
        std::visit([this](const auto& e) { handle(e); }, event);
    }

  private:
    struct Block {
        std::size_t number = 0;
        std::string title;
        std::int64_t began_ns = 0;
        std::string partial; ///< output after its last newline
    };

    /// FROM, RUN, COPY, ADD and WORKDIR make up n of `[stage k/n]`; the others show no block.
    static bool is_counted(const std::string& keyword) {
        return keyword == "FROM" || keyword == "RUN" || keyword == "COPY" || keyword == "ADD" ||
               keyword == "WORKDIR";
    }

    void handle(const event::Planned& planned) {
        std::map<std::size_t, std::size_t> totals, seen;
        for (const auto& step : planned.steps)
            if (is_counted(step.keyword)) ++totals[step.ref.stage];
        for (const auto& step : planned.steps) {
            if (!is_counted(step.keyword)) continue;
            const auto total = totals[step.ref.stage];
            auto name = step.stage_name;
            if (name.empty() && totals.size() > 1) name = fmt::format("stage-{}", step.ref.stage);
            if (!name.empty()) name += ' ';
            const auto width = std::to_string(total).size();
            m_blocks[step.ref].title = fmt::format("[{}{:>{}}/{}] {}", name, ++seen[step.ref.stage],
                                                   width, total, printable(step.text));
        }
    }
    void handle(const event::StepStarted& e) {
        const auto block = m_blocks.find(e.ref);
        if (block == m_blocks.end()) return;
        block->second.number = ++m_number;
        block->second.began_ns = e.time_ns;
        show(e.ref);
    }
    void handle(const event::StepWaiting& e) {
        const auto& block = show(e.ref);
        m_out.write(fmt::format("#{} waiting for {}\n", block.number, printable(e.what)));
    }
    void handle(const event::StepRunning&) {}
    void handle(const event::StepOutput& e) {
        auto& block = show(e.ref);
        block.partial += e.bytes;
        for (auto end = block.partial.find('\n'); end != std::string::npos;
             end = block.partial.find('\n')) {
            line(block, e.time_ns, block.partial.substr(0, end));
            block.partial.erase(0, end + 1);
        }
    }
    void handle(const event::StepProgress& e) {
        if (!m_blocks.contains(e.ref) || e.total == 0 || e.current != e.total) return;
        auto& block = show(e.ref);
        m_out.write(fmt::format("#{} {} {} / {} done\n", block.number, e.what, e.current, e.total));
    }
    void handle(const event::StepFinished& e) {
        if (!m_blocks.contains(e.ref)) return;
        auto& block = show(e.ref);
        if (!block.partial.empty()) line(block, e.time_ns, block.partial);
        block.partial.clear();
        switch (e.outcome) {
        case event::Outcome::cached:
            m_out.write(fmt::format("#{} CACHED\n", block.number));
            break;
        case event::Outcome::done:
            m_out.write(fmt::format("#{} DONE {:.1f}s\n", block.number, seconds(block, e.time_ns)));
            break;
        case event::Outcome::failed:
            m_out.write(fmt::format("#{} ERROR\n", block.number));
            break;
        case event::Outcome::cancelled:
            m_out.write(fmt::format("#{} CANCELED\n", block.number));
            break;
        }
        m_current.reset();
    }
    void handle(const event::Warning& e) {
        if (!m_found.keep(e)) m_out.write(render_warning(e.warning));
    }
    void handle(const event::Built& e) {
        m_out.write(fmt::format("\n#{} exporting to image\n#{} writing image {}\n", m_number + 1,
                                m_number + 1, e.image.str()));
        for (const auto& name : e.names)
            m_out.write(fmt::format("#{} naming to {}\n", m_number + 1, name));
        m_out.write(fmt::format("#{} DONE\n", m_number + 1));
        m_out.write(m_found.take());
    }
    void handle(const event::Failed&) { m_out.write(m_found.take()); }
    void handle(const event::Exporting& e) {
        m_out.write(fmt::format("{}{}\n", e.what, e.done ? " done" : ""));
    }

    static double seconds(const Block& block, std::int64_t now_ns) {
        return static_cast<double>(now_ns - block.began_ns) / 1e9;
    }
    void line(const Block& block, std::int64_t time_ns, const std::string& text) {
        m_out.write(fmt::format("#{} {:.3f} {}\n", block.number, seconds(block, time_ns), text));
    }
    /// Makes the step's block the current one; its title is printed again when output switches to
    /// it.
    Block& show(StepRef ref) {
        auto& block = m_blocks.at(ref);
        if (m_current != ref) {
            if (m_current) m_out.write(fmt::format("#{} ...\n", m_blocks.at(*m_current).number));
            m_out.write(fmt::format("\n#{} {}\n", block.number, block.title));
            m_current = ref;
        }
        return block;
    }

    TextSink m_out;
    FoundWarnings m_found;
    std::map<StepRef, Block> m_blocks;
    std::size_t m_number = 0;
    std::optional<StepRef> m_current;
};

} // namespace

std::unique_ptr<EventSink> make_plain_progress(TextSink out) {
    return std::make_unique<PlainProgress>(out);
}

} // namespace mybuild::cli
