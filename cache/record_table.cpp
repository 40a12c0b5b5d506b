#include "cache/record_table.hpp"

#include "cache/digest_prefix.hpp"

#include <fmt/format.h>

// Every query that reads a record has these columns in this order. A macro, as the text of a
// statement must be one literal.
#define RECORD_COLUMNS                                                                             \
    "definition_key, content_key, own_key, parent_chain, chain, makes_layer, created_ns, "         \
    "duration_ns, fields, config"

namespace mybuild {
namespace {

using sqlite::Blob;
using sqlite::Connection;

Result<StepRecord> read_record(sqlite::Query& row) {
    StepRecord record;
    record.definition_key = row.digest(0);
    record.content_key = row.digest(1);
    record.own_key = row.digest(2);
    record.parent_chain = row.optional_digest(3);
    record.chain = row.optional_digest(4);
    record.makes_layer = row.integer(5) != 0;
    record.created_ns = row.integer(6);
    record.duration_ns = row.integer(7);
    record.fields = row.text(8);
    record.config = row.text(9);
    TRY(row.intact());
    return record;
}

Status put_record(Connection& db, const StepRecord& record, std::int64_t today) {
    TRY_ASSIGN(
        auto query,
        db.query("INSERT INTO step_record (" RECORD_COLUMNS ", used_day)"
                 " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
                 " ON CONFLICT (definition_key) DO UPDATE SET content_key = ?2, own_key = ?3,"
                 " parent_chain = ?4, chain = ?5, makes_layer = ?6, created_ns = ?7,"
                 " duration_ns = ?8, fields = ?9, config = ?10, used_day = ?11",
                 record.definition_key, record.content_key, record.own_key, record.parent_chain,
                 record.chain, std::int64_t{record.makes_layer}, record.created_ns,
                 record.duration_ns, Blob{record.fields}, Blob{record.config}, today));
    return query.run();
}

} // namespace

Result<std::vector<std::optional<StepRecord>>>
RecordTable::by_definition(std::span<const Digest> keys) {
    using Answers = std::vector<std::optional<StepRecord>>;
    return m_database.read([&](Connection& db) -> Result<Answers> {
        Answers answers(keys.size());
        TRY_ASSIGN(auto query,
                   db.query("SELECT " RECORD_COLUMNS " FROM step_record WHERE definition_key = ?"));
        for (std::size_t i = 0; i < keys.size(); ++i) {
            query.bind(1, keys[i]);
            TRY_ASSIGN(const bool found, query.step());
            if (found) {
                TRY_ASSIGN(answers[i], read_record(query));
            }
            query.rewind();
        }
        return answers;
    });
}

Result<std::vector<StepRecord>> RecordTable::by_content(const Digest& content_key) {
    return m_database.read([&](Connection& db) -> Result<std::vector<StepRecord>> {
        TRY_ASSIGN(auto query,
                   db.query("SELECT " RECORD_COLUMNS " FROM step_record WHERE content_key = ?"
                            " ORDER BY created_ns DESC, seq DESC",
                            content_key));
        std::vector<StepRecord> records;
        for (;;) {
            TRY_ASSIGN(const bool found, query.step());
            if (!found) return records;
            TRY_ASSIGN(auto record, read_record(query));
            records.push_back(std::move(record));
        }
    });
}

Result<bool> RecordTable::any_with_own_key(const Digest& own_key) {
    return m_database.read([&](Connection& db) -> Result<bool> {
        TRY_ASSIGN(auto query,
                   db.query("SELECT 1 FROM step_record WHERE own_key = ? LIMIT 1", own_key));
        return query.step();
    });
}

Result<std::optional<StepRecord>> RecordTable::by_prefix(std::string_view hex) {
    using Answer = std::optional<StepRecord>;
    const auto range = digests_with_prefix(hex);
    if (!range) return Answer();
    return m_database.read([&](Connection& db) -> Result<Answer> {
        TRY_ASSIGN(auto query,
                   db.query("SELECT " RECORD_COLUMNS
                            " FROM step_record WHERE definition_key BETWEEN ? AND ? LIMIT 2",
                            range->first, range->last));
        TRY_ASSIGN(const bool found, query.step());
        if (!found) return Answer();
        TRY_ASSIGN(auto record, read_record(query));
        TRY_ASSIGN(const bool another, query.step());
        if (another)
            return fail(Error{ErrorCode::invalid, fmt::format("several steps begin with {}", hex)}
                            .with_hint("give more digits"));
        return Answer(std::move(record));
    });
}

Status RecordTable::put(std::span<const StepRecord> records) {
    if (records.empty()) return {};
    return m_database.write([&](Connection& db) -> Status {
        const auto today = m_today();
        for (const auto& record : records)
            TRY(put_record(db, record, today));
        return {};
    });
}

Status RecordTable::touch(std::span<const Digest> definition_keys) {
    const auto today = m_today();
    // Reading first: whoever only reads waits for no writer and keeps none waiting.
    auto stale = m_database.read([&](Connection& db) -> Result<bool> {
        TRY_ASSIGN(auto query, db.query("SELECT 1 FROM step_record"
                                        " WHERE definition_key = ? AND used_day < ?"));
        query.bind(2, today);
        for (const auto& key : definition_keys) {
            query.bind(1, key);
            TRY_ASSIGN(const bool found, query.step());
            if (found) return true;
            query.rewind();
        }
        return false;
    });
    if (!stale) return fail(std::move(stale).error());
    if (!*stale) return {};
    return m_database.write([&](Connection& db) -> Status {
        TRY_ASSIGN(auto query, db.query("UPDATE step_record SET used_day = ?2"
                                        " WHERE definition_key = ?1 AND used_day < ?2"));
        query.bind(2, today);
        for (const auto& key : definition_keys) {
            query.bind(1, key);
            TRY(query.run());
            query.rewind();
        }
        return {};
    });
}

} // namespace mybuild
#undef RECORD_COLUMNS
