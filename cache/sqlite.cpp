#include "cache/sqlite.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cassert>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace mybuild::sqlite {
namespace {

Error error_of(sqlite3* db, int code) {
    const int kind = code & 0xFF;
    if (kind == SQLITE_NOMEM) throw std::bad_alloc();
    const int saved_errno = db == nullptr ? 0 : sqlite3_system_errno(db);
    const std::string text = db == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(db);
    switch (kind) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return {ErrorCode::corrupt, text};
    case SQLITE_FULL:
        return errno_error("cannot write", ENOSPC);
    case SQLITE_BUSY:
    case SQLITE_PROTOCOL:
        return Error{ErrorCode::io, "another process has held it for too long"}.with_hint(
            "find out what other mybuild processes on this store are waiting for");
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_PERM:
    case SQLITE_READONLY:
        if (saved_errno != 0) return errno_error(text, saved_errno);
        return {kind == SQLITE_PERM || kind == SQLITE_READONLY ? ErrorCode::denied : ErrorCode::io,
                text};
    default:
        return {ErrorCode::internal, fmt::format("{} (SQLite error {})", text, code)};
    }
}

/// Binding fails only where memory is exhausted or the statement has no such parameter.
void check_bind(int code) {
    if (code == SQLITE_NOMEM) throw std::bad_alloc();
    assert(code == SQLITE_OK);
}

const void* bytes_or_empty(const void* data) {
    return data == nullptr ? "" : data; // a null pointer would bind NULL
}

} // namespace

Query::Query(Query&& other) noexcept
    : m_db(other.m_db), m_statement(std::exchange(other.m_statement, nullptr)),
      m_damaged(other.m_damaged) {}

Query::~Query() {
    if (m_statement == nullptr) return;
    sqlite3_reset(m_statement); // repeats the error of the last step, which was reported
    sqlite3_clear_bindings(m_statement);
}

void Query::bind(int index, std::int64_t value) {
    check_bind(sqlite3_bind_int64(m_statement, index, value));
}

void Query::bind(int index, std::string_view text) {
    const auto* data = static_cast<const char*>(bytes_or_empty(text.data()));
    check_bind(
        sqlite3_bind_text64(m_statement, index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void Query::bind(int index, Blob blob) {
    check_bind(sqlite3_bind_blob64(m_statement, index, bytes_or_empty(blob.bytes.data()),
                                   blob.bytes.size(), SQLITE_STATIC));
}

void Query::bind(int index, const Digest& digest) {
    check_bind(sqlite3_bind_blob64(m_statement, index, digest.bytes.data(), digest.bytes.size(),
                                   SQLITE_STATIC));
}

void Query::bind(int index, const std::optional<Digest>& digest) {
    if (digest)
        bind(index, *digest);
    else
        check_bind(sqlite3_bind_null(m_statement, index));
}

Result<bool> Query::step() {
    const int code = sqlite3_step(m_statement);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return fail(error_of(m_db, code));
}

Status Query::run() {
    TRY_ASSIGN(const bool row, step());
    assert(!row);
    (void)row;
    return {};
}

void Query::rewind() {
    sqlite3_reset(m_statement);
}

std::int64_t Query::integer(int column) const {
    return sqlite3_column_int64(m_statement, column);
}

std::string Query::text(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(m_statement, column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(m_statement, column));
    return data == nullptr ? std::string() : std::string(data, size);
}

bool Query::is_null(int column) const {
    return sqlite3_column_type(m_statement, column) == SQLITE_NULL;
}

Digest Query::digest(int column) {
    Digest digest;
    const auto* data = sqlite3_column_blob(m_statement, column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(m_statement, column));
    if (data == nullptr || size != digest.bytes.size())
        m_damaged = true;
    else
        std::memcpy(digest.bytes.data(), data, size);
    return digest;
}

std::optional<Digest> Query::optional_digest(int column) {
    if (is_null(column)) return std::nullopt;
    return digest(column);
}

Status Query::intact() const {
    if (m_damaged) return fail({ErrorCode::corrupt, "a digest does not have 32 bytes"});
    return {};
}

void Connection::Close::operator()(sqlite3* db) const {
    sqlite3_close_v2(db);
}

void Connection::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

Result<Connection> Connection::open(const std::string& path, int busy_ms) {
    sqlite3* raw = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
    Connection connection(raw);
    if (code != SQLITE_OK) return fail(error_of(raw, code));
    sqlite3_busy_timeout(raw, busy_ms);
    return connection;
}

Status Connection::exec(const char* sql) {
    const int code = sqlite3_exec(m_db.get(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return fail(error_of(m_db.get(), code));
    return {};
}

Result<Query> Connection::prepare(std::string_view sql) {
    auto& statement = m_statements[sql];
    if (!statement) {
        sqlite3_stmt* raw = nullptr;
        const int code = sqlite3_prepare_v3(m_db.get(), sql.data(), static_cast<int>(sql.size()),
                                            SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
        if (code != SQLITE_OK) return fail(error_of(m_db.get(), code));
        statement.reset(raw);
    }
    assert(sqlite3_stmt_busy(statement.get()) == 0); // two executions of one statement at a time
    return Query(m_db.get(), statement.get());
}

Status Connection::leave_log_on_close() {
    const int code = sqlite3_db_config(m_db.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    if (code != SQLITE_OK) return fail(error_of(m_db.get(), code));
    return {};
}

Status Connection::try_empty_log() {
    sqlite3_busy_timeout(m_db.get(), 0);
    const int code = sqlite3_wal_checkpoint_v2(m_db.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE,
                                               nullptr, nullptr);
    if (code != SQLITE_OK && code != SQLITE_BUSY) return fail(error_of(m_db.get(), code));
    return {};
}

std::int64_t Connection::changes() const {
    return sqlite3_changes64(m_db.get());
}

bool Connection::in_transaction() const {
    return sqlite3_get_autocommit(m_db.get()) == 0;
}

Result<Transaction> Transaction::begin(Connection& connection, Mode mode) {
    TRY_ASSIGN(auto query, connection.query(mode == Mode::immediate ? "BEGIN IMMEDIATE" : "BEGIN"));
    TRY(query.run());
    return Transaction(connection);
}

Transaction::Transaction(Transaction&& other) noexcept
    : m_connection(std::exchange(other.m_connection, nullptr)) {}

Transaction::~Transaction() {
    // After some errors SQLite has rolled back already. Rolling back cannot fail otherwise.
    if (m_connection != nullptr && m_connection->in_transaction())
        (void)m_connection->exec("ROLLBACK");
}

Status Transaction::commit() {
    TRY_ASSIGN(auto query, m_connection->query("COMMIT"));
    TRY(query.run());
    m_connection = nullptr;
    return {};
}

} // namespace mybuild::sqlite
