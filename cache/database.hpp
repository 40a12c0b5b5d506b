#pragma once

#include "cache/sqlite.hpp"

#include <mutex>
#include <string>
#include <type_traits>
#include <utility>

namespace mybuild {

/// The store's database: `store.db`, opened (and where needed created or brought to this program's
/// schema) at the first use. Thread-safe: one connection, one thread at a time.
///
/// Durability: write-ahead log, synchronous=NORMAL. A commit is in the page cache when it returns,
/// so nothing that was reported is lost when a process dies. No commit waits for the disk: after
/// power loss the last transactions may be missing, never parts of one, since frames of the log
/// have checksums and the log is synced before it is copied into the database. Then an image has to
/// be built or pulled again. Blobs are synced before a row names them; other files have a checksum
/// or are checked against one before they are used, so a row never leads to torn bytes. Whoever
/// reads a row takes a missing file for a missing row.
class Database {
  public:
    static constexpr int schema_version = 2;

    /// `root`: descriptor of the store's directory, borrowed; `path`: absolute path of the file.
    Database(int root, std::string path) : m_root(root), m_path(std::move(path)) {}
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database();

    /// `work(sqlite::Connection&)` returns a Result; all its queries see the same state.
    template <class Work>
    auto read(Work&& work) -> std::invoke_result_t<Work, sqlite::Connection&> {
        return transact(sqlite::Transaction::Mode::deferred, work);
    }
    /// The same as the only writer; an error of `work` undoes everything it did.
    template <class Work>
    auto write(Work&& work) -> std::invoke_result_t<Work, sqlite::Connection&> {
        return transact(sqlite::Transaction::Mode::immediate, work);
    }

  private:
    template <class Work>
    auto transact(sqlite::Transaction::Mode mode, Work& work)
        -> std::invoke_result_t<Work, sqlite::Connection&> {
        const std::lock_guard lock(m_mutex);
        auto transaction = begin(mode);
        if (!transaction) return fail(explain(std::move(transaction).error()));
        auto result = work(*m_connection);
        if (!result) return fail(explain(std::move(result).error()));
        auto committed = transaction->commit();
        if (!committed) return fail(explain(std::move(committed).error()));
        return result;
    }

    Result<sqlite::Transaction> begin(sqlite::Transaction::Mode mode);
    Status open();
    Status create_or_upgrade();
    /// What the error means for the store, and what to do about it.
    [[nodiscard]] Error explain(Error error) const;

    int m_root;
    std::string m_path;
    std::mutex m_mutex;
    std::optional<sqlite::Connection> m_connection;
    bool m_ready_to_write = false;
};

} // namespace mybuild
