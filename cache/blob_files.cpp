#include "cache/blob_files.hpp"

#include "base/fs.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace mybuild {
namespace {

constexpr const char* blob_dir = "blobs/sha256";
constexpr std::size_t name_length = 16;
constexpr unsigned blob_mode = 0444;

/// A file being written that no reader can see; gone with the object unless it was given a name.
class HiddenFile {
  public:
    static Result<HiddenFile> create(int blobs, WorkDir& scratch, BlobFiles::Unnamed unnamed);
    HiddenFile(HiddenFile&& other) noexcept
        : m_fd(std::move(other.m_fd)), m_dir(other.m_dir),
          m_name(std::exchange(other.m_name, std::string())) {}
    HiddenFile& operator=(HiddenFile&&) = delete;
    ~HiddenFile() {
        if (!m_name.empty()) ::unlinkat(m_dir, m_name.c_str(), 0);
    }

    [[nodiscard]] int fd() const { return m_fd.get(); }
    /// Gives it the name; where there is one of that size already, that one stays.
    Status publish(int blobs, const std::string& name, std::uint64_t size, WorkDir& scratch) const;

  private:
    HiddenFile(Fd fd, int dir, std::string name)
        : m_fd(std::move(fd)), m_dir(dir), m_name(std::move(name)) {}
    /// link(2) of the file to dir/name; errno as usual.
    [[nodiscard]] int link(int dir, const std::string& name) const;

    Fd m_fd;
    int m_dir;          ///< where m_name is
    std::string m_name; ///< empty: the file has no name
};

Result<HiddenFile> HiddenFile::create(int blobs, WorkDir& scratch, BlobFiles::Unnamed unnamed) {
    if (unnamed == BlobFiles::Unnamed::if_possible) {
        const int fd = ::openat(blobs, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, blob_mode);
        if (fd >= 0) return HiddenFile(Fd(fd), -1, {});
        // What a kernel or file system without O_TMPFILE says (open(2)).
        if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT && errno != EINVAL)
            return fail(errno_error("cannot create a file", errno));
    }
    TRY_ASSIGN(const auto dir, scratch.get());
    auto name = fs::random_name(name_length);
    TRY_ASSIGN(auto fd, fs::open_at(dir.fd, name, O_WRONLY | O_CREAT | O_EXCL, blob_mode));
    return HiddenFile(std::move(fd), dir.fd, std::move(name));
}

int HiddenFile::link(int dir, const std::string& name) const {
    if (!m_name.empty()) return ::linkat(m_dir, m_name.c_str(), dir, name.c_str(), 0);
    const auto magic = fmt::format("/proc/self/fd/{}", m_fd.get());
    return ::linkat(AT_FDCWD, magic.c_str(), dir, name.c_str(), AT_SYMLINK_FOLLOW);
}

Status HiddenFile::publish(int blobs, const std::string& name, std::uint64_t size,
                           WorkDir& scratch) const {
    if (link(blobs, name) == 0) return {};
    if (errno != EEXIST) return fail(errno_error("cannot name a blob", errno));
    struct stat there {};
    if (::fstatat(blobs, name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(there.st_mode) && static_cast<std::uint64_t>(there.st_size) == size)
        return {};
    // A damaged blob is replaced. Only rename(2) does that, and it wants a name.
    TRY_ASSIGN(const auto dir, scratch.get());
    const auto temporary = fs::random_name(name_length);
    if (link(dir.fd, temporary) != 0 ||
        ::renameat(dir.fd, temporary.c_str(), blobs, name.c_str()) != 0)
        return fail(errno_error("cannot name a blob", errno));
    return {};
}

class FileBlobWriter final : public BlobWriter {
  public:
    FileBlobWriter(HiddenFile file, int blobs, WorkDir& scratch)
        : m_file(std::move(file)), m_blobs(blobs), m_scratch(scratch) {}

    Status write(std::span<const std::byte> bytes) override {
        if (m_failed) return fail({ErrorCode::internal, "writing to a blob that failed"});
        m_hash.update(bytes);
        m_size += bytes.size();
        auto written =
            fs::write_all(m_file.fd(), {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
        m_failed = !written;
        return written;
    }

    Result<oci::Descriptor> commit(const oci::Descriptor* expected) override {
        if (std::exchange(m_failed, true)) // nothing may follow a commit either
            return fail({ErrorCode::internal, "committing a blob that failed"});
        oci::Descriptor descriptor;
        descriptor.digest = m_hash.finish();
        descriptor.size = m_size;
        if (expected != nullptr) {
            TRY(check(descriptor, *expected));
            descriptor = *expected;
        }
        if (::fsync(m_file.fd()) != 0) return fail(errno_error("cannot sync a blob", errno));
        TRY(m_file.publish(m_blobs, descriptor.digest.hex(), m_size, m_scratch));
        return descriptor;
    }

  private:
    static Status check(const oci::Descriptor& got, const oci::Descriptor& expected) {
        if (got.size != expected.size)
            return fail(
                {ErrorCode::corrupt, fmt::format("blob {} has {} bytes, {} were expected",
                                                 expected.digest.str(), got.size, expected.size)});
        if (got.digest != expected.digest)
            return fail({ErrorCode::corrupt, fmt::format("blob {} has the digest {}",
                                                         expected.digest.str(), got.digest.str())});
        return {};
    }

    HiddenFile m_file;
    int m_blobs;
    WorkDir& m_scratch;
    Sha256 m_hash;
    std::uint64_t m_size = 0;
    bool m_failed = false;
};

} // namespace

Result<int> BlobFiles::directory() {
    const std::lock_guard lock(m_mutex);
    if (!m_dir) {
        TRY_ASSIGN(m_dir, fs::open_at(m_root, blob_dir, O_RDONLY | O_DIRECTORY));
    }
    return m_dir.get();
}

Result<Fd> BlobFiles::open(const Digest& digest) {
    TRY_ASSIGN(const int dir, directory());
    const int fd = ::openat(dir, digest.hex().c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) return Fd(fd);
    if (errno == ENOENT)
        return fail({ErrorCode::not_found, fmt::format("the store has no blob {}", digest.str())});
    return fail(errno_error(fmt::format("cannot open blob {}", digest.str()), errno));
}

bool BlobFiles::has(const Digest& digest) {
    const auto dir = directory();
    return dir && ::faccessat(*dir, digest.hex().c_str(), F_OK, 0) == 0;
}

Result<std::unique_ptr<BlobWriter>> BlobFiles::begin() {
    TRY_ASSIGN(const int dir, directory());
    auto file = HiddenFile::create(dir, m_scratch, m_unnamed);
    if (!file) return fail(std::move(file).error().in("cannot store a blob"));
    return std::make_unique<FileBlobWriter>(std::move(*file), dir, m_scratch);
}

Result<oci::Descriptor> BlobFiles::put(std::string_view bytes, std::string_view media_type) {
    const oci::Descriptor descriptor{
        .media_type = std::string(media_type), .digest = Digest::of(bytes), .size = bytes.size()};
    TRY_ASSIGN(const int dir, directory());
    struct stat there {};
    if (::fstatat(dir, descriptor.digest.hex().c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(there.st_mode) && static_cast<std::uint64_t>(there.st_size) == bytes.size())
        return descriptor;
    TRY_ASSIGN(const auto writer, begin());
    TRY(writer->write(std::as_bytes(std::span(bytes))));
    return writer->commit(&descriptor);
}

Result<std::string> BlobFiles::read(const Digest& digest, std::size_t limit) {
    TRY_ASSIGN(const auto fd, open(digest));
    auto bytes = fs::read_all(fd.get(), limit);
    if (!bytes) return fail(std::move(bytes).error().in(fmt::format("blob {}", digest.str())));
    if (Digest::of(*bytes) == digest) return bytes;
    return fail(
        Error{ErrorCode::corrupt, fmt::format("blob {} is damaged", digest.str())}.with_hint(
            fmt::format("remove {}/{} from the store, then pull or build its image again", blob_dir,
                        digest.hex())));
}

Status BlobFiles::remove(const Digest& digest) {
    TRY_ASSIGN(const int dir, directory());
    if (::unlinkat(dir, digest.hex().c_str(), 0) != 0 && errno != ENOENT)
        return fail(errno_error(fmt::format("cannot remove blob {}", digest.str()), errno));
    return {};
}

} // namespace mybuild
