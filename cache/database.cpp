#include "cache/database.hpp"

#include "base/fs.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace mybuild {
namespace {

using sqlite::Connection;
using sqlite::Transaction;

/// How long a process waits for others. Transactions take milliseconds: whoever waits longer than
/// this waits for something that hangs.
constexpr int busy_ms = 60'000;

/// Bytes of write-ahead log that may be left for the next process. The first one to come reads all
/// of it, 4 µs for each 4 KiB; emptying it takes two fsyncs, and the next writer one more. A build
/// that runs a few steps writes about this much.
constexpr off_t max_log_left = 256 * 1024;

/// `schema_steps[n]` makes schema n+1 of schema n; `PRAGMA user_version` says which one a file has.
/// A step that has been released is never changed, a new one is added behind it. docs/formats.md
/// explains the tables.
constexpr std::array<const char*, Database::schema_version> schema_steps = {R"sql(
CREATE TABLE step_record (
    seq            INTEGER PRIMARY KEY,
    definition_key BLOB NOT NULL UNIQUE,
    content_key    BLOB NOT NULL,
    own_key        BLOB NOT NULL,
    parent_chain   BLOB,
    chain          BLOB,
    makes_layer    INTEGER NOT NULL,
    created_ns     INTEGER NOT NULL,
    duration_ns    INTEGER NOT NULL,
    used_day       INTEGER NOT NULL,
    fields         BLOB NOT NULL,
    config         BLOB NOT NULL
) STRICT;
CREATE INDEX step_record_content ON step_record (content_key, created_ns);
CREATE INDEX step_record_own ON step_record (own_key);

CREATE TABLE image (
    seq             INTEGER PRIMARY KEY,
    id              BLOB NOT NULL UNIQUE,
    manifest_type   TEXT NOT NULL,
    manifest_digest BLOB NOT NULL,
    manifest_size   INTEGER NOT NULL,
    manifest_extra  BLOB NOT NULL,
    size            INTEGER NOT NULL,
    stored_ns       INTEGER NOT NULL,
    config          BLOB NOT NULL
) STRICT;

CREATE TABLE tag (
    name          TEXT PRIMARY KEY,
    image         BLOB NOT NULL,
    target_type   TEXT NOT NULL,
    target_digest BLOB NOT NULL,
    target_size   INTEGER NOT NULL,
    target_extra  BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_image ON tag (image);

CREATE TABLE layer (
    seq          INTEGER PRIMARY KEY,
    chain_id     BLOB NOT NULL UNIQUE,
    parent_chain BLOB,
    diff_id      BLOB NOT NULL,
    content_id   BLOB NOT NULL,
    listing      TEXT NOT NULL,
    tree         TEXT NOT NULL,
    tree_boot    TEXT NOT NULL,
    tree_synced  INTEGER NOT NULL,
    archive      TEXT NOT NULL,
    tar_size     INTEGER NOT NULL,
    file_bytes   INTEGER NOT NULL
) STRICT;
CREATE INDEX layer_content ON layer (content_id, parent_chain);
CREATE INDEX layer_diff ON layer (diff_id);

CREATE TABLE layer_blob (
    diff_id     BLOB NOT NULL,
    blob_digest BLOB NOT NULL,
    blob_type   TEXT NOT NULL,
    blob_size   INTEGER NOT NULL,
    blob_extra  BLOB NOT NULL,
    PRIMARY KEY (diff_id, blob_digest, blob_type)
) STRICT, WITHOUT ROWID;
)sql",
                                                                            R"sql(
CREATE TABLE download (
    url           BLOB PRIMARY KEY,
    etag          TEXT NOT NULL,
    last_modified TEXT NOT NULL,
    blob_digest   BLOB NOT NULL,
    blob_size     INTEGER NOT NULL,
    used_day      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE snapshot (
    key      BLOB PRIMARY KEY,
    chain    BLOB,
    used_day INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql"};

Result<int> version_of(Connection& connection) {
    TRY_ASSIGN(auto query, connection.query("PRAGMA user_version"));
    TRY(query.step());
    return static_cast<int>(query.integer(0));
}

Status upgrade(Connection& connection, int from) {
    TRY_ASSIGN(auto transaction, Transaction::begin(connection, Transaction::Mode::immediate));
    for (auto step = static_cast<std::size_t>(from); step < schema_steps.size(); ++step)
        TRY(connection.exec(schema_steps[step]));
    const auto version = fmt::format("PRAGMA user_version = {}", Database::schema_version);
    TRY(connection.exec(version.c_str()));
    return transaction.commit();
}

/// Readable for its owner alone, whatever the umask: configs and records may hold what is nobody
/// else's business. SQLite gives the files beside it the same mode.
Status make_private_file(const std::string& path) {
    if (::mknod(path.c_str(), S_IFREG | 0600, 0) != 0 && errno != EEXIST)
        return fail(errno_error("cannot create it", errno));
    return {};
}

/// Only one process at a time makes the database or changes its schema: SQLite does not wait where
/// two switch a file to write-ahead logging at once. Released with the descriptor.
Result<Fd> lock_for_creation(int root) {
    TRY_ASSIGN(auto fd, fs::open_at(root, ".", O_RDONLY | O_DIRECTORY));
    while (::flock(fd.get(), LOCK_EX) != 0)
        if (errno != EINTR) return fail(errno_error("cannot lock", errno));
    return fd;
}

} // namespace

Result<Transaction> Database::begin(Transaction::Mode mode) {
    if (!m_connection) TRY(open());
    if (mode == Transaction::Mode::immediate && !m_ready_to_write) {
        TRY(m_connection->exec("PRAGMA synchronous = NORMAL"));
        m_ready_to_write = true;
    }
    return Transaction::begin(*m_connection, mode);
}

Status Database::open() {
    auto connection = Connection::open(m_path, busy_ms);
    if (!connection && connection.error().code != ErrorCode::not_found)
        return fail(std::move(connection).error());
    int version = 0;
    if (connection) {
        TRY_ASSIGN(version, version_of(*connection));
    }
    if (version > schema_version) {
        return fail(Error{
            ErrorCode::unsupported,
            fmt::format("its schema is {}, this program knows {} at most", version, schema_version)}
                        .with_hint("use the newer mybuild that wrote it, or another store with "
                                   "--root"));
    }
    if (version == schema_version)
        m_connection = std::move(*connection);
    else
        TRY(create_or_upgrade());
    auto configured = m_connection->leave_log_on_close();
    if (!configured) m_connection.reset();
    return configured;
}

Database::~Database() {
    if (!m_connection) return;
    struct stat log {};
    if (::stat((m_path + "-wal").c_str(), &log) == 0 && log.st_size > max_log_left)
        (void)m_connection->try_empty_log(); // the next one may try as well
}

Status Database::create_or_upgrade() {
    TRY_ASSIGN(const auto lock, lock_for_creation(m_root));
    TRY(make_private_file(m_path));
    TRY_ASSIGN(auto connection, Connection::open(m_path, busy_ms));
    TRY_ASSIGN(const int version, version_of(connection)); // another process may have been faster
    if (version < schema_version) {
        TRY(connection.exec("PRAGMA journal_mode = WAL"));
        TRY(upgrade(connection, version));
    }
    m_connection = std::move(connection);
    return {};
}

Error Database::explain(Error error) const {
    switch (error.code) {
    case ErrorCode::corrupt:
        return std::move(error)
            .in(fmt::format("the store's database {} is damaged", m_path))
            .with_hint(fmt::format("move {0} and {0}-wal away: a new one is made; tags and what is "
                                   "known of earlier builds are lost, nothing else",
                                   m_path));
    case ErrorCode::invalid:
    case ErrorCode::not_found:
        return error; // about what was asked for, not about the database
    default:
        return std::move(error).in(fmt::format("the store's database {}", m_path));
    }
}

} // namespace mybuild
