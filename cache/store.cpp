#include "cache/store.hpp"

#include "base/fs.hpp"
#include "cache/blob_files.hpp"
#include "cache/database.hpp"
#include "cache/image_table.hpp"
#include "cache/layer_table.hpp"
#include "cache/record_table.hpp"
#include "cache/source_table.hpp"
#include "cache/store_format.hpp"
#include "cache/work_dir.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <sys/file.h>

namespace mybuild {
namespace {

std::int64_t today() {
    const auto now = std::chrono::system_clock::now();
    return std::chrono::floor<std::chrono::days>(now).time_since_epoch().count();
}

/// The shared lock that every user of the store holds on the file `lock`. Whoever reclaims space
/// takes it alone, so it is waited for.
Result<Fd> take_lock(int root) {
    TRY_ASSIGN(auto lock, fs::open_at(root, "lock", O_RDWR | O_CREAT, 0600));
    while (::flock(lock.get(), LOCK_SH) != 0)
        if (errno != EINTR) return fail(errno_error("cannot lock", errno));
    return lock;
}

/// SQLite wants a path, which must not depend on the working directory.
Result<std::string> absolute_path(const std::string& path) {
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                           &std::free);
    if (!real) return fail(errno_error("cannot resolve its path", errno));
    return std::string(real.get());
}

class DirectoryStore final : public Store {
  public:
    DirectoryStore(std::string root, Fd root_fd, Fd lock)
        : m_root(std::move(root)), m_root_fd(std::move(root_fd)), m_lock(std::move(lock)),
          m_work_dir(m_root_fd.get()), m_blobs(m_root_fd.get(), m_work_dir),
          m_database(m_root_fd.get(), m_root + "/store.db"), m_records(m_database, today),
          m_images(m_database), m_sources(m_database, today), m_layers(m_database) {}

    [[nodiscard]] const std::string& root() const override { return m_root; }
    [[nodiscard]] int root_fd() const override { return m_root_fd.get(); }
    Blobs& blobs() override { return m_blobs; }
    Records& records() override { return m_records; }
    Images& images() override { return m_images; }
    SourceRecords& sources() override { return m_sources; }
    LayerRows& layer_rows() override { return m_layers; }
    Result<ScratchDir> scratch_dir() override { return m_work_dir.get(); }

  private:
    std::string m_root;
    Fd m_root_fd;
    Fd m_lock; // before everything that uses the store: released last
    WorkDir m_work_dir;
    BlobFiles m_blobs;
    Database m_database;
    RecordTable m_records;
    ImageTable m_images;
    SourceTable m_sources;
    LayerTable m_layers;
};

Result<std::unique_ptr<Store>> open_store(const std::string& path) {
    TRY_ASSIGN(auto root_fd, open_store_directory(path));
    TRY_ASSIGN(auto lock, take_lock(root_fd.get()));
    TRY_ASSIGN(auto root, absolute_path(path));
    return std::make_unique<DirectoryStore>(std::move(root), std::move(root_fd), std::move(lock));
}

} // namespace

Result<std::unique_ptr<Store>> Store::open(const std::string& root) {
    if (root.empty())
        return fail(Error{ErrorCode::usage, "no place for the store is known"}.with_hint(
            "give one with --root or MYBUILD_ROOT, or set HOME"));
    auto store = open_store(root);
    if (store) return store;
    auto error = std::move(store).error().in(fmt::format("cannot use the store {}", root));
    if (error.hint.empty()) error.hint = "choose another place for it with --root or MYBUILD_ROOT";
    return fail(std::move(error));
}

std::string default_store_root(const char* (*get_env)(const char*), bool is_root) {
    const auto value = [&](const char* name) {
        const char* text = get_env(name);
        return std::string(text == nullptr ? "" : text);
    };
    if (auto root = value("MYBUILD_ROOT"); !root.empty()) return root;
    if (is_root) return "/var/lib/mybuild";
    // A relative path is to be ignored (XDG Base Directory Specification, "Basics").
    if (const auto data = value("XDG_DATA_HOME"); data.starts_with('/')) return data + "/mybuild";
    if (const auto home = value("HOME"); !home.empty()) return home + "/.local/share/mybuild";
    return {};
}

} // namespace mybuild
