#include "image/archive_files.hpp"

#include "base/fs.hpp"
#include "base/render.hpp"
#include "image/byte_stream_io.hpp"
#include "image/oci/layer_entry.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

namespace mybuild::archive {

namespace {

class BlobWriterSink final : public ByteSink {
  public:
    explicit BlobWriterSink(BlobWriter& writer) : m_writer(writer) {}
    Status write(std::span<const std::byte> bytes) override { return m_writer.write(bytes); }

  private:
    BlobWriter& m_writer;
};

class Directory final : public Files {
  public:
    explicit Directory(Fd directory) : m_directory(std::move(directory)) {}

    Result<std::optional<std::string>> read(const std::string& name, std::size_t limit) override {
        TRY_ASSIGN(const auto fd, open(name));
        if (!fd) return std::nullopt;
        auto text = fs::read_all(fd->get(), limit);
        if (!text && text.error().code == ErrorCode::invalid)
            text.error().code = ErrorCode::corrupt;
        if (!text) return fail(std::move(text).error().in(printable(name)));
        return std::optional(std::move(*text));
    }

    Result<std::optional<Stored>> store(const std::string& name, BlobSink& sink,
                                        const oci::Descriptor* expected) override {
        TRY_ASSIGN(auto fd, open(name));
        if (!fd) return std::nullopt;
        FdSource source(std::move(*fd), printable(name));
        TRY_ASSIGN(auto stored, store_stream(source, sink, expected, printable(name)));
        return std::optional(std::move(stored));
    }

  private:
    Result<std::optional<Fd>> open(const std::string& name) const {
        // O_NONBLOCK: a fifo must not make us wait before we see that it is one.
        auto fd = fs::open_in_root(m_directory.get(), name, O_RDONLY | O_NONBLOCK);
        if (!fd && fd.error().code == ErrorCode::not_found) return std::nullopt;
        if (!fd) return fail(std::move(fd).error());
        struct stat status = {};
        if (::fstat(fd->get(), &status) != 0) return fail(errno_error(printable(name), errno));
        if (!S_ISREG(status.st_mode)) {
            return fail(Error{.code = ErrorCode::corrupt,
                              .message = printable(name) + " is no regular file"});
        }
        return std::optional(std::move(*fd));
    }

    Fd m_directory;
};

} // namespace

std::unique_ptr<Files> directory_files(Fd directory) {
    return std::make_unique<Directory>(std::move(directory));
}

Result<Stored> store_stream(ByteSource& source, BlobSink& sink, const oci::Descriptor* expected,
                            const std::string& what) {
    std::array<char, 6> start{};
    TRY_ASSIGN(const auto count, source.read(std::as_writable_bytes(std::span(start))));
    MemorySource looked_at({start.data(), count});
    JoinedSource whole(looked_at, source);
    Stored stored;
    stored.compression = detect_compression(std::as_bytes(std::span(start)).first(count));
    TRY_ASSIGN(const auto writer, sink.begin());
    BlobWriterSink out(*writer);
    const bool foreign =
        stored.compression == Compression::xz || stored.compression == Compression::bzip2;
    if (foreign && expected == nullptr) {
        stored.compression = Compression::none;
        auto unpacked = make_decompressor(whole);
        if (!unpacked) return fail(std::move(unpacked).error().in(what));
        auto copied = copy_bytes(**unpacked, out);
        if (!copied) return fail(std::move(copied).error().in(what));
    } else {
        TRY(copy_bytes(whole, out));
    }
    auto committed = writer->commit(expected);
    if (!committed) return fail(std::move(committed).error().in(what));
    stored.blob = std::move(*committed);
    return stored;
}

Result<std::string> link_target(std::string_view name, std::string_view target) {
    std::string path(target.starts_with('/') ? std::string_view() : parent_path(name));
    while (!target.empty()) {
        const auto slash = target.find('/');
        const auto component = target.substr(0, slash);
        target = slash == target.npos ? std::string_view() : target.substr(slash + 1);
        if (component.empty() || component == ".") continue;
        if (component != "..") {
            if (!path.empty()) path += '/';
            path += component;
        } else if (path.empty()) {
            return fail(Error{.code = ErrorCode::corrupt,
                              .message = printable(name) + " is a link out of the archive"});
        } else {
            path = std::string(parent_path(path));
        }
    }
    return path;
}

} // namespace mybuild::archive
