#pragma once

#include "base/digest.hpp"
#include "cache/key.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mybuild {

class Store;

/// What is remembered of a step that was executed (architecture.md, idea 2).
struct StepRecord {
    Digest definition_key; ///< what was asked for, chained to the parent step's definition key
    Digest content_key;    ///< what was asked for, chained to the content of its inputs
    Digest own_key; ///< what was asked for alone: says whether a content hit is possible at all
    std::optional<Digest> parent_chain; ///< chain id of the layers it ran on; none: no layer
    std::optional<Digest> chain; ///< chain id after it; equals parent_chain where it makes no layer
    bool makes_layer = false;
    std::int64_t created_ns = 0;  ///< time of execution, ns since 1970: history and config take it
    std::string fields;           ///< encode_fields() of what the keys were made of
    std::string config;           ///< the image config (JSON) as it is after this step
    std::int64_t duration_ns = 0; ///< what executing it took
};

/// The step records of a store. Safe to use from several threads and processes at once.
class Records {
  public:
    virtual ~Records() = default;
    /// All definition keys at once; the answers in the order of the questions.
    virtual Result<std::vector<std::optional<StepRecord>>>
    by_definition(std::span<const Digest> keys) = 0;
    /// Newest first.
    virtual Result<std::vector<StepRecord>> by_content(const Digest& content_key) = 0;
    virtual Result<bool> any_with_own_key(const Digest& own_key) = 0;
    /// The newest record whose definition key starts with these hex digits; several steps with the
    /// prefix: ErrorCode::invalid.
    virtual Result<std::optional<StepRecord>> by_prefix(std::string_view hex) = 0;
    /// Writes all in one transaction, replacing records of the same definition key.
    virtual Status put(std::span<const StepRecord> records) = 0;
    /// Notes that these records were used; kept to the day, so that a build in which nothing
    /// changed writes at most once a day.
    virtual Status touch(std::span<const Digest> definition_keys) = 0;
};

} // namespace mybuild
