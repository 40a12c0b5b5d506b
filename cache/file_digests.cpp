#include "cache/file_digests.hpp"

#include "base/fs.hpp"
#include "cache/file_digest_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <mutex>
#include <shared_mutex>
#include <sys/file.h>
#include <sys/mman.h>
#include <thread>
#include <unordered_map>
#include <vector>

namespace mybuild {
namespace {

/// A whole file in memory, read-only. Indexes are replaced by rename and never written in place, so
/// what is mapped does not change.
class Mapping {
  public:
    Mapping() = default;
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping() {
        if (m_data != nullptr) ::munmap(m_data, m_size);
    }

    /// A file that cannot be mapped counts as empty.
    void map(int fd) {
        struct stat info {};
        if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size <= 0) return;
        const auto size = static_cast<std::size_t>(info.st_size);
        // Every byte will be read for the checksum: one call instead of a page fault for each 64
        // KiB.
        void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
        if (data == MAP_FAILED) return;
        m_data = data;
        m_size = size;
    }
    [[nodiscard]] std::span<const std::byte> bytes() const {
        return {static_cast<const std::byte*>(m_data), m_size};
    }

  private:
    void* m_data = nullptr;
    std::size_t m_size = 0;
};

struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
        return std::hash<std::string_view>()(text);
    }
};

/// Where the next look-up of a thread will probably be, as contexts are walked in order. Some
/// threads may share one: then they guess wrong more often.
class Cursors {
  public:
    [[nodiscard]] std::atomic<std::size_t>& mine() {
        const auto thread = std::hash<std::thread::id>()(std::this_thread::get_id());
        return m_lines[thread % m_lines.size()].next;
    }

  private:
    static constexpr std::size_t cache_line = 64;
    struct alignas(cache_line) Line {
        std::atomic<std::size_t> next = 0;
    };
    std::array<Line, 16> m_lines;
};

struct Known {
    FileStamp stamp;
    Digest digest;
};

/// A file only this process writes to, to be renamed over `name`. Its own name is always the same,
/// so that killed processes leave one behind at most. None: another process is writing.
Result<std::optional<Fd>> open_replacement(int dir, const std::string& name) {
    for (;;) {
        TRY_ASSIGN(auto fd, fs::open_at(dir, name, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600));
        if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return std::optional<Fd>();
        // Whoever held the lock before may have renamed it: then it is the index now, not to be
        // touched.
        struct stat mine {};
        const auto named = fs::stat_at(dir, name);
        if (::fstat(fd.get(), &mine) == 0 && named && named->st_ino == mine.st_ino)
            return std::optional(std::move(fd));
    }
}

class MappedFileDigests final : public FileDigests {
  public:
    MappedFileDigests(Fd dir, std::string_view context)
        : m_dir(std::move(dir)), m_context(context), m_name(Digest::of(context).hex()) {
        const auto fd = fs::open_at(m_dir.get(), m_name, O_RDONLY | O_NOFOLLOW);
        if (!fd) return;
        m_mapping.map(fd->get());
        m_table = FileDigestTable::parse(m_mapping.bytes());
        if (m_table) m_used = std::make_unique<std::atomic<bool>[]>(m_table->size());
    }

    [[nodiscard]] std::optional<Digest> lookup(std::string_view path,
                                               const struct stat& info) const override {
        const auto stamp = FileStamp::of(info);
        if (m_any_recorded.load(std::memory_order_acquire)) {
            const std::shared_lock lock(m_mutex);
            const auto found = m_recorded.find(path);
            if (found != m_recorded.end() && found->second.stamp == stamp)
                return found->second.digest;
        }
        if (!m_table) return std::nullopt;
        auto& cursor = m_cursors.mine();
        const auto index = m_table->find(path, cursor.load(std::memory_order_relaxed));
        if (!index) return std::nullopt;
        cursor.store(*index + 1, std::memory_order_relaxed);
        const auto entry = m_table->at(*index);
        if (entry.stamp != stamp) return std::nullopt;
        m_used[*index].store(true, std::memory_order_relaxed);
        return entry.digest;
    }

    void record(std::string_view path, const struct stat& info, const Digest& digest) override {
        const std::unique_lock lock(m_mutex);
        m_recorded.insert_or_assign(std::string(path), Known{FileStamp::of(info), digest});
        m_unsaved = true;
        m_any_recorded.store(true, std::memory_order_release);
    }

    Status save(std::int64_t now_ns) override {
        const std::unique_lock lock(m_mutex);
        if (!m_unsaved) return {};
        const auto entries = entries_to_keep(now_ns);
        if (!entries) return {};
        const auto bytes = encode_file_digests(m_context, *entries);
        if (!bytes) return {}; // too large an index: its files are read every time
        TRY(replace(*bytes));
        m_unsaved = false;
        return {};
    }

  private:
    /// None where nothing that was recorded may be kept, so that the index would say nothing new.
    [[nodiscard]] std::optional<std::vector<FileDigestEntry>>
    entries_to_keep(std::int64_t now_ns) const {
        std::vector<FileDigestEntry> entries;
        for (const auto& [path, known] : m_recorded)
            if (known.stamp.mtime_ns < now_ns && known.stamp.ctime_ns < now_ns)
                entries.push_back({path, known.stamp, known.digest});
        if (entries.empty()) return std::nullopt;
        for (std::size_t i = 0; m_table && i < m_table->size(); ++i) {
            if (!m_used[i].load(std::memory_order_relaxed)) continue;
            const auto entry = m_table->at(i);
            if (!m_recorded.contains(entry.path)) entries.push_back(entry);
        }
        // Contexts are walked in about this order, so that look-ups read the file from front to
        // back.
        std::ranges::sort(entries, {}, &FileDigestEntry::path);
        return entries;
    }

    /// Not synced: after power loss the file may have any bytes, but no bytes that have the
    /// checksum and are not an index; then the files are read once more.
    Status replace(const std::string& bytes) {
        const auto temporary = m_name + ".new";
        TRY_ASSIGN(const auto fd, open_replacement(m_dir.get(), temporary));
        if (!fd) return {};
        if (::ftruncate(fd->get(), 0) != 0)
            return fail(errno_error("cannot write file digests", errno));
        auto written = fs::write_all(fd->get(), bytes);
        if (written && ::renameat(m_dir.get(), temporary.c_str(), m_dir.get(), m_name.c_str()) != 0)
            written = fail(errno_error("cannot rename", errno));
        if (written) return {};
        ::unlinkat(m_dir.get(), temporary.c_str(), 0);
        return fail(std::move(written).error().in("cannot write file digests"));
    }

    Fd m_dir;
    std::string m_context;
    std::string m_name;
    Mapping m_mapping;
    std::optional<FileDigestTable> m_table;
    mutable std::unique_ptr<std::atomic<bool>[]> m_used; ///< by index: found by this process
    mutable Cursors m_cursors;

    mutable std::shared_mutex m_mutex; ///< guards what follows
    std::unordered_map<std::string, Known, TextHash, std::equal_to<>> m_recorded;
    bool m_unsaved = false;
    std::atomic<bool> m_any_recorded = false; ///< read without the lock
};

} // namespace

std::unique_ptr<FileDigests> FileDigests::open(int dir, std::string_view context) {
    return std::make_unique<MappedFileDigests>(Fd(::fcntl(dir, F_DUPFD_CLOEXEC, 0)), context);
}

} // namespace mybuild
