#include "image/archive_tar.hpp"

#include "base/render.hpp"
#include "image/byte_stream_io.hpp"
#include "image/layer_tar_names.hpp"
#include "image/layer_tar_stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

namespace mybuild::archive {

namespace {

/// More entries than any image archive has: layers are 127 or some hundreds, and three files each
/// in old docker archives.
constexpr std::size_t max_entries = 100'000;

/// A part of a regular file, read without touching the descriptor's offset.
class Range final : public tar::SkippingSource {
  public:
    Range(int fd, std::uint64_t begin, std::uint64_t size, std::string name)
        : m_fd(fd), m_at(begin), m_end(begin + size), m_name(std::move(name)) {}

    Result<std::size_t> read(std::span<std::byte> out) override {
        std::size_t filled = 0;
        const auto wanted =
            static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), m_end - m_at));
        while (filled < wanted) {
            const auto count =
                ::pread(m_fd, out.data() + filled, wanted - filled, static_cast<off_t>(m_at));
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return fail(errno_error("reading " + m_name, errno));
            if (count == 0) break;
            filled += static_cast<std::size_t>(count);
            m_at += static_cast<std::uint64_t>(count);
        }
        return filled;
    }

    Result<std::uint64_t> skip(std::uint64_t count) override {
        count = std::min(count, m_end - m_at);
        m_at += count;
        return count;
    }

  private:
    int m_fd;
    std::uint64_t m_at;
    std::uint64_t m_end;
    std::string m_name;
};

struct Place {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

class Tar final : public Files {
  public:
    Tar(int fd, std::string name) : m_fd(fd), m_name(std::move(name)) {}
    Status scan();

    Result<std::optional<std::string>> read(const std::string& name, std::size_t limit) override {
        const Place* place = m_names.find(name);
        if (place == nullptr) return std::nullopt;
        if (place->size > limit) return fail(too_large(name, limit));
        Range range(m_fd, place->offset, place->size, m_name);
        std::string text(static_cast<std::size_t>(place->size), '\0');
        TRY_ASSIGN(const auto count, range.read(std::as_writable_bytes(std::span(text))));
        text.resize(count);
        return std::optional(std::move(text));
    }

    Result<std::optional<Stored>> store(const std::string& name, BlobSink& sink,
                                        const oci::Descriptor* expected) override {
        const Place* place = m_names.find(name);
        if (place == nullptr) return std::nullopt;
        Range range(m_fd, place->offset, place->size, m_name);
        TRY_ASSIGN(auto stored, store_stream(range, sink, expected, printable(name)));
        return std::optional(std::move(stored));
    }

  private:
    Status add(const LayerEntry& entry, std::optional<std::uint64_t> offset, std::uint64_t base);

    int m_fd;
    std::string m_name;
    Names<Place> m_names;
};

Status Tar::add(const LayerEntry& entry, std::optional<std::uint64_t> offset, std::uint64_t base) {
    TRY_ASSIGN(const auto name, tar::clean_name(entry.path));
    switch (entry.type) {
    case EntryType::file:
        if (!offset && entry.size > 0) {
            return fail(Error{.code = ErrorCode::corrupt,
                              .message = printable(name) + " is a sparse file, which no image "
                                                           "archive has"});
        }
        return m_names.add(name, {base + offset.value_or(0), entry.size});
    case EntryType::symlink: {
        TRY_ASSIGN(auto target, link_target(name, entry.link));
        return m_names.add_link(name, std::move(target));
    }
    case EntryType::hard_link: {
        TRY_ASSIGN(auto target, tar::clean_name(entry.link));
        return m_names.add_link(name, std::move(target));
    }
    default:
        return {}; // directories; anything else is nothing we would read
    }
}

Status Tar::scan() {
    struct stat status = {};
    if (::fstat(m_fd, &status) != 0) return fail(errno_error("reading " + m_name, errno));
    const auto offset = ::lseek(m_fd, 0, SEEK_CUR);
    if (offset < 0) return fail(errno_error("reading " + m_name, errno));
    const auto base = static_cast<std::uint64_t>(offset);
    const auto size = static_cast<std::uint64_t>(std::max(status.st_size, offset)) - base;
    Range range(m_fd, base, size, m_name);
    tar::Stream stream(range, m_name);
    return archive::scan(stream, m_name, [&](const LayerEntry& entry) {
        return add(entry, stream.content_offset(), base);
    });
}

} // namespace

Error twice(const std::string& name) {
    return Error{.code = ErrorCode::corrupt,
                 .message = fmt::format("{} is in the archive twice", printable(name))};
}

Error too_large(const std::string& name, std::size_t limit) {
    return Error{.code = ErrorCode::corrupt,
                 .message = fmt::format("{} is larger than the {} bytes that are allowed",
                                        printable(name), limit)};
}

namespace {

/// Damage right at the start means that it is no tar.
Error scan_error(Error error, const std::string& archive_name, bool at_start) {
    if (error.code != ErrorCode::corrupt || !at_start) return error;
    return Error{.code = ErrorCode::invalid,
                 .message = archive_name + " is no image archive: it is not in tar format",
                 .hint = "an archive is made by `docker save`, `podman save` or `mybuild save`"}
        .with_note(std::move(error.message));
}

} // namespace

Status scan(tar::Stream& stream, const std::string& archive_name,
            const std::function<Status(const LayerEntry&)>& add) {
    for (std::size_t count = 0;; ++count) {
        auto entry = stream.next();
        if (!entry) return fail(scan_error(std::move(entry).error(), archive_name, count == 0));
        if (!*entry) return {};
        if (count == max_entries) {
            return fail(Error{.code = ErrorCode::invalid,
                              .message = archive_name + " has more files than any image archive"});
        }
        TRY(add(**entry));
    }
}

Result<std::unique_ptr<Files>> tar_files(int fd, const std::string& name) {
    auto files = std::make_unique<Tar>(fd, name);
    TRY(files->scan());
    return files;
}

} // namespace mybuild::archive
