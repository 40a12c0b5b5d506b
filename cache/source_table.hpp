#pragma once

#include "cache/database.hpp"
#include "cache/source_records.hpp"

#include <functional>

namespace mybuild {

/// Records of inputs in the tables `download` and `snapshot`.
class SourceTable final : public SourceRecords {
  public:
    /// `today`: days since 1970; times of last use are kept in them.
    using Today = std::function<std::int64_t()>;
    SourceTable(Database& database, Today today)
        : m_database(database), m_today(std::move(today)) {}

    Result<std::optional<DownloadRecord>> download(const Digest& url) override;
    Status put(const DownloadRecord& record) override;
    Result<std::optional<Snapshot>> snapshot(const Digest& key) override;
    Status put_snapshot(const Digest& key, const Snapshot& snapshot) override;

  private:
    Database& m_database;
    Today m_today;
};

} // namespace mybuild
