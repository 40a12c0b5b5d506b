#pragma once

#include "base/digest.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

struct sqlite3;
struct sqlite3_stmt;

/// SQLite as values that clean up after themselves; knows nothing of what is stored. Not
/// thread-safe: one thread at a time for a connection and what came from it.
namespace mybuild::sqlite {

/// A parameter that is bound as a BLOB rather than as text.
struct Blob {
    std::string_view bytes;
};

/// One execution of a prepared statement: bind, step, read. The statement goes back to its
/// connection on destruction. Bound text and blobs are borrowed until then.
class Query {
  public:
    Query(sqlite3* db, sqlite3_stmt* statement) : m_db(db), m_statement(statement) {}
    Query(Query&& other) noexcept;
    Query& operator=(Query&&) = delete;
    ~Query();

    void bind(int index, std::int64_t value); ///< parameters count from 1
    void bind(int index, std::string_view text);
    void bind(int index, Blob blob);
    void bind(int index, const Digest& digest);
    void bind(int index, const std::optional<Digest>& digest); ///< none: NULL

    /// True: there is a row to read; false: there is none or no further one.
    Result<bool> step();
    /// For statements that give no rows.
    Status run();
    /// Makes the statement ready for another round; bindings stay.
    void rewind();

    [[nodiscard]] std::int64_t integer(int column) const; ///< columns count from 0
    [[nodiscard]] std::string text(int column) const;     ///< of text or a blob; NULL: empty
    [[nodiscard]] bool is_null(int column) const;
    /// A value that is no digest makes intact() fail.
    [[nodiscard]] Digest digest(int column);
    [[nodiscard]] std::optional<Digest> optional_digest(int column); ///< NULL: none
    /// ErrorCode::corrupt if a value read so far did not have the form it should have.
    [[nodiscard]] Status intact() const;

  private:
    sqlite3* m_db;
    sqlite3_stmt* m_statement;
    bool m_damaged = false;
};

/// A connection to one database file. Prepared statements are kept for the connection's life.
class Connection {
  public:
    /// A file that is not there is ErrorCode::not_found; an empty one is an empty database. Waits
    /// at most `busy_ms` for other processes wherever SQLite waits.
    static Result<Connection> open(const std::string& path, int busy_ms);

    /// Runs one or more statements whose rows nobody wants.
    Status exec(const char* sql);
    /// `sql` must be a literal: it names the prepared statement. Arguments are bound in order.
    template <class... Args>
    Result<Query> query(std::string_view sql, const Args&... args) {
        auto prepared = prepare(sql);
        if (!prepared) return prepared;
        int index = 0;
        (prepared->bind(++index, args), ...);
        return prepared;
    }
    /// By default the last connection that is closed copies the write-ahead log into the database
    /// and deletes it, with three fsyncs and the log's making anew ahead for the next one. Not any
    /// more.
    Status leave_log_on_close();
    /// Copies the log into the database and empties it, unless somebody else uses the database now.
    Status try_empty_log();
    /// Rows changed by the last INSERT, UPDATE or DELETE.
    [[nodiscard]] std::int64_t changes() const;
    [[nodiscard]] bool in_transaction() const;

  private:
    struct Close {
        void operator()(sqlite3* db) const;
    };
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    explicit Connection(sqlite3* db) : m_db(db) {}
    Result<Query> prepare(std::string_view sql);

    std::unique_ptr<sqlite3, Close> m_db; // before the statements: closed after them
    std::unordered_map<std::string_view, std::unique_ptr<sqlite3_stmt, Finalize>> m_statements;
};

/// Rolls back on destruction unless committed.
class Transaction {
  public:
    /// A deferred transaction reads one state of the database from its first query on and never
    /// waits for writers; an immediate one is the only writer from its first moment on.
    enum class Mode : std::uint8_t { deferred, immediate };
    static Result<Transaction> begin(Connection& connection, Mode mode);
    Transaction(Transaction&& other) noexcept;
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();
    Status commit();

  private:
    explicit Transaction(Connection& connection) : m_connection(&connection) {}
    Connection* m_connection;
};

} // namespace mybuild::sqlite
