#include "cache/source_table.hpp"

namespace mybuild {

using sqlite::Connection;

Result<std::optional<DownloadRecord>> SourceTable::download(const Digest& url) {
    using Answer = std::optional<DownloadRecord>;
    const auto today = m_today();
    bool stale = false;
    auto found = m_database.read([&](Connection& db) -> Result<Answer> {
        TRY_ASSIGN(auto query,
                   db.query("SELECT etag, last_modified, blob_digest, blob_size, used_day"
                            " FROM download WHERE url = ?",
                            url));
        TRY_ASSIGN(const bool any, query.step());
        if (!any) return Answer();
        DownloadRecord record;
        record.url = url;
        record.etag = query.text(0);
        record.last_modified = query.text(1);
        record.blob = query.digest(2);
        record.size = static_cast<std::uint64_t>(query.integer(3));
        stale = query.integer(4) < today;
        TRY(query.intact());
        return Answer(std::move(record));
    });
    if (!found || !*found || !stale) return found;
    TRY(m_database.write([&](Connection& db) -> Status {
        TRY_ASSIGN(auto query,
                   db.query("UPDATE download SET used_day = ?2 WHERE url = ?1", url, today));
        return query.run();
    }));
    return found;
}

Status SourceTable::put(const DownloadRecord& record) {
    return m_database.write([&](Connection& db) -> Status {
        TRY_ASSIGN(auto query,
                   db.query("INSERT INTO download"
                            " (url, etag, last_modified, blob_digest, blob_size, used_day)"
                            " VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
                            " ON CONFLICT (url) DO UPDATE SET etag = ?2, last_modified = ?3,"
                            " blob_digest = ?4, blob_size = ?5, used_day = ?6",
                            record.url, std::string_view(record.etag),
                            std::string_view(record.last_modified), record.blob,
                            static_cast<std::int64_t>(record.size), m_today()));
        return query.run();
    });
}

Result<std::optional<SourceRecords::Snapshot>> SourceTable::snapshot(const Digest& key) {
    using Answer = std::optional<Snapshot>;
    const auto today = m_today();
    bool stale = false;
    auto found = m_database.read([&](Connection& db) -> Result<Answer> {
        TRY_ASSIGN(auto query, db.query("SELECT chain, used_day FROM snapshot WHERE key = ?", key));
        TRY_ASSIGN(const bool any, query.step());
        if (!any) return Answer();
        const Snapshot snapshot{query.optional_digest(0)};
        stale = query.integer(1) < today;
        TRY(query.intact());
        return Answer(snapshot);
    });
    if (!found || !*found || !stale) return found;
    TRY(m_database.write([&](Connection& db) -> Status {
        TRY_ASSIGN(auto query,
                   db.query("UPDATE snapshot SET used_day = ?2 WHERE key = ?1", key, today));
        return query.run();
    }));
    return found;
}

Status SourceTable::put_snapshot(const Digest& key, const Snapshot& snapshot) {
    return m_database.write([&](Connection& db) -> Status {
        TRY_ASSIGN(auto query,
                   db.query("INSERT INTO snapshot (key, chain, used_day)"
                            " VALUES (?1, ?2, ?3)"
                            " ON CONFLICT (key) DO UPDATE SET chain = ?2, used_day = ?3",
                            key, snapshot.chain, m_today()));
        return query.run();
    });
}

} // namespace mybuild
