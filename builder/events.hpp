#pragma once

#include "base/digest.hpp"
#include "base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace mybuild {

/// Identifies one step of a build: stage and position in it (0 is its FROM).
struct StepRef {
    std::size_t stage = 0;
    std::size_t step = 0;
    friend bool operator==(const StepRef&, const StepRef&) = default;
    friend auto operator<=>(const StepRef&, const StepRef&) = default;
};

namespace event {

/// The plan is known; sent first, once.
struct Planned {
    struct StepInfo {
        StepRef ref;
        std::string stage_name;  ///< empty: unnamed
        std::string keyword;     ///< `RUN`
        std::string text;        ///< `RUN apt-get install …` as written
        bool is_trigger = false; ///< of ONBUILD: has no `Step n/m` line of its own
        Digest key;              ///< definition key where it is known at once, else zero
    };
    std::vector<StepInfo> steps; ///< in the order of the classic output; global ARGs come with
                                 ///< keyword ARG and stage SIZE_MAX
};
struct StepStarted {
    StepRef ref;
    std::int64_t time_ns; ///< CLOCK_REALTIME, as in all events
};
/// The step waits for something that somebody else has in use, perhaps in another process.
struct StepWaiting {
    StepRef ref;
    std::string what; ///< `cache mount go-build, which another step uses`
};
/// Sent before StepFinished when a command is about to run (classic: `Running in ID`).
struct StepRunning {
    StepRef ref;
    std::string container; ///< 12 hex digits
};
enum class Stream : std::uint8_t { out, err };
struct StepOutput {
    StepRef ref;
    Stream stream;
    std::string bytes;
    std::int64_t time_ns;
};
/// Bytes moved: pulls, context reads.
struct StepProgress {
    StepRef ref;
    std::string what;             ///< `sha256:…` of a layer, `transferring context`
    std::uint64_t current, total; ///< bytes; total 0: unknown
};
enum class Outcome : std::uint8_t { cached, done, failed, cancelled };
struct StepFinished {
    StepRef ref;
    Outcome outcome;
    std::string
        id; ///< 12 hex digits: definition key, or the base image's id; `FROM scratch`: empty
    std::int64_t time_ns;
    bool had_container = false; ///< classic: `Removed intermediate container`
};
struct Warning {
    Error warning;
    /// What a check found has the rule's name (docs/checks.md). Such findings are known before
    /// anything runs; people read them when the build is over.
    std::string rule = {};
    std::string summary = {}; ///< what the rule is about
    std::string url = {};     ///< where there is more to read; may be empty
    std::uint32_t line = 0;   ///< of the instruction, as Docker counts
};
/// The build is over and successful.
struct Built {
    Digest image;                   ///< id
    std::vector<std::string> names; ///< familiar forms of the tags set, in order
};
/// The build is over and has failed; why is told by whoever asked for it.
struct Failed {
    std::string message;
};
/// Exporting: `exporting to oci image format` and so on.
struct Exporting {
    std::string what;
    bool done;
    std::int64_t time_ns;
};

} // namespace event

using Event =
    std::variant<event::Planned, event::StepStarted, event::StepWaiting, event::StepRunning,
                 event::StepOutput, event::StepProgress, event::StepFinished, event::Warning,
                 event::Built, event::Failed, event::Exporting>;

/// Consumes the events of a build. Called from any thread, one call at a time; must not throw. What
/// a person sees is drawn from this alone.
class EventSink {
  public:
    EventSink() = default;
    EventSink(const EventSink&) = delete;
    EventSink& operator=(const EventSink&) = delete;
    virtual ~EventSink() = default;
    virtual void on(const Event& event) noexcept = 0;
};

} // namespace mybuild
