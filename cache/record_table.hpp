#pragma once

#include "cache/database.hpp"
#include "cache/records.hpp"

#include <functional>

namespace mybuild {

/// Records in the table `step_record`.
class RecordTable final : public Records {
  public:
    /// `today`: days since 1970; times of last use are kept in them.
    using Today = std::function<std::int64_t()>;
    RecordTable(Database& database, Today today)
        : m_database(database), m_today(std::move(today)) {}

    Result<std::vector<std::optional<StepRecord>>>
    by_definition(std::span<const Digest> keys) override;
    Result<std::vector<StepRecord>> by_content(const Digest& content_key) override;
    Result<bool> any_with_own_key(const Digest& own_key) override;
    Result<std::optional<StepRecord>> by_prefix(std::string_view hex) override;
    Status put(std::span<const StepRecord> records) override;
    Status touch(std::span<const Digest> definition_keys) override;

  private:
    Database& m_database;
    Today m_today;
};

} // namespace mybuild
