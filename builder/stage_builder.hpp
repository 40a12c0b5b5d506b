#pragma once

#include "builder/session.hpp"
#include "builder/stage_layers.hpp"

#include <stop_token>

namespace mybuild {

/// Builds one stage: answers steps from their records, executes the others, writes new records. The
/// stages it needs are done. Leaves its end in Session::states.
class StageBuilder {
  public:
    StageBuilder(Session& session, std::size_t stage, std::stop_token stop);
    Status run();

  private:
    Status begin();
    Status begin_from_context(const plan::FromContext& from);
    Status one_step(std::size_t index);
    Result<bool> from_definition(std::size_t index);
    Result<bool> from_content(std::size_t index);
    Status execute(std::size_t index);
    /// The content key, which needs the contents of all inputs: waits for hashes on their way.
    Result<Digest> content_key_of(std::size_t index);
    /// Takes up the layer of an executed step as soon as its hashes are there, and writes the
    /// record.
    Status settle();
    /// True when the step must run whatever its inputs contain: then it need not wait for hashes.
    Result<bool> surely_runs(std::size_t index);
    /// Writes the record of a step that advance() has just gone past.
    Status record(std::size_t index, const Digest& content,
                  const std::optional<Digest>& parent_chain, std::int64_t created_ns,
                  std::int64_t duration_ns);
    /// When an executed step was made: `now`, unless it made again what its record has
    /// (--no-cache): then the image stays the same.
    [[nodiscard]] std::int64_t time_of(std::size_t index, const std::optional<Digest>& parent_chain,
                                       const std::optional<Digest>& chain, std::int64_t now) const;
    void advance(std::size_t index, const std::optional<Digest>& chain,
                 const std::optional<Digest>& diff_id, std::int64_t created_ns);
    void finished(std::size_t index, event::Outcome outcome, bool had_container);
    [[nodiscard]] std::string id_after(std::size_t index) const;

    Session& m_session;
    std::size_t m_stage;
    std::stop_token m_stop;
    StageState m_state;
    StageLayers m_layers;
    bool m_use_cache;

    struct Pending {
        std::size_t index;
        Digest content; ///< content key
        std::int64_t created_ns;
        std::int64_t duration_ns;
        bool is_kept; ///< its record is written
    };
    std::optional<Pending> m_pending; ///< the executed step whose layer is being hashed
};

} // namespace mybuild
