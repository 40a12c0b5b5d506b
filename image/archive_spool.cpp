#include "base/render.hpp"
#include "image/archive_tar.hpp"
#include "image/byte_stream_io.hpp"
#include "image/layer_tar_names.hpp"
#include "image/layer_tar_stream.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mybuild::archive {

namespace {

constexpr std::string_view blob_prefix = "blobs/sha256/";

// JSON documents of one archive that are held in memory together: manifests, indexes and configs of
// thousands of images.
constexpr std::size_t max_kept = 256 * 1024 * 1024;

bool is_known_json(std::string_view name) {
    return name == "index.json" || name == "manifest.json" || name == "oci-layout" ||
           name == "repositories";
}

bool looks_like_json(std::string_view start) {
    const auto first = start.find_first_not_of(" \t\r\n");
    return first != start.npos && (start[first] == '{' || start[first] == '[');
}

/// What old docker archives have beside each layer and no image needs.
bool is_needless(std::string_view name) {
    return name == "VERSION" || name.ends_with("/VERSION") || name.ends_with("/json");
}

class EntrySource final : public ByteSource {
  public:
    explicit EntrySource(tar::Stream& stream) : m_stream(stream) {}
    Result<std::size_t> read(std::span<std::byte> out) override { return m_stream.read(out); }

  private:
    tar::Stream& m_stream;
};

class Spool final : public Files {
  public:
    Spool(std::string name, BlobSink& sink) : m_name(std::move(name)), m_sink(sink) {}
    Status take_in(ByteSource& source);

    Result<std::optional<std::string>> read(const std::string& name, std::size_t limit) override {
        const File* file = m_names.find(name);
        if (file == nullptr) return std::nullopt;
        if (file->size > limit) return fail(too_large(name, limit));
        if (!file->text) {
            return fail(Error{.code = ErrorCode::corrupt,
                              .message = printable(name) + " is not valid JSON"});
        }
        return file->text;
    }

    Result<std::optional<Stored>> store(const std::string& name, BlobSink&,
                                        const oci::Descriptor* expected) override {
        const File* file = m_names.find(name);
        if (file == nullptr || !file->stored) return std::nullopt;
        const auto& blob = file->stored->blob;
        if (expected != nullptr &&
            (blob.digest != expected->digest || blob.size != expected->size)) {
            return fail(
                Error{.code = ErrorCode::corrupt,
                      .message = fmt::format("{} is not the blob {} of {} bytes", printable(name),
                                             expected->digest.str(), expected->size)});
        }
        return file->stored;
    }

  private:
    struct File {
        std::uint64_t size = 0;
        std::optional<std::string> text; ///< if it is (or may be) a JSON document
        std::optional<Stored> stored;    ///< if it is in the sink
    };

    Status add(const LayerEntry& entry, tar::Stream& stream);
    Result<File> file(const std::string& name, std::uint64_t size, ByteSource& content);
    Result<std::optional<std::string>> text(const std::string& name, std::uint64_t size,
                                            ByteSource& content, std::string& start);

    std::string m_name;
    BlobSink& m_sink;
    Names<File> m_names;
    std::size_t m_kept = 0;
};

/// The document if it is one, else nothing and the bytes that were read to see that.
Result<std::optional<std::string>> Spool::text(const std::string& name, std::uint64_t size,
                                               ByteSource& content, std::string& start) {
    const bool known = is_known_json(name);
    if (size > (known ? max_json : max_config)) {
        if (known) return fail(too_large(name, max_json));
        return std::nullopt;
    }
    start.resize(static_cast<std::size_t>(std::min<std::uint64_t>(size, 64)));
    TRY(content.read(std::as_writable_bytes(std::span(start))));
    if (!known && !looks_like_json(start)) return std::nullopt;
    std::string document = start;
    document.resize(static_cast<std::size_t>(size));
    TRY(content.read(std::as_writable_bytes(std::span(document).subspan(start.size()))));
    m_kept += document.size();
    if (m_kept > max_kept) {
        return fail(Error{.code = ErrorCode::invalid,
                          .message = m_name + " has too many JSON documents",
                          .hint = "load it from an uncompressed file instead of a pipe"});
    }
    return std::optional(std::move(document));
}

Result<Spool::File> Spool::file(const std::string& name, std::uint64_t size, ByteSource& content) {
    File file{.size = size, .text = {}, .stored = {}};
    std::string start;
    TRY_ASSIGN(file.text, text(name, size, content, start));
    if (is_known_json(name)) return file;
    // A blob named by its digest must have it; anything else gets the name it has earned.
    oci::Descriptor expected;
    const bool is_blob = name.starts_with(blob_prefix);
    if (is_blob) {
        auto digest = Digest::from_hex(std::string_view(name).substr(blob_prefix.size()));
        if (!digest)
            return fail(Error{.code = ErrorCode::corrupt,
                              .message = printable(name) + " is not named by a digest"});
        expected.digest = *digest;
        expected.size = size;
    }
    MemorySource first(file.text ? *file.text : start);
    JoinedSource whole(first, content);
    TRY_ASSIGN(file.stored,
               store_stream(whole, m_sink, is_blob ? &expected : nullptr, printable(name)));
    return file;
}

Status Spool::add(const LayerEntry& entry, tar::Stream& stream) {
    TRY_ASSIGN(const auto name, tar::clean_name(entry.path));
    if (entry.type == EntryType::file) {
        if (is_needless(name)) return {};
        if (m_names.contains(name) && name.starts_with("blobs/")) return {};
        EntrySource content(stream);
        TRY_ASSIGN(auto taken, file(name, entry.size, content));
        return m_names.add(name, std::move(taken));
    }
    if (entry.type == EntryType::symlink) {
        TRY_ASSIGN(auto target, link_target(name, entry.link));
        return m_names.add_link(name, std::move(target));
    }
    if (entry.type == EntryType::hard_link) {
        TRY_ASSIGN(auto target, tar::clean_name(entry.link));
        return m_names.add_link(name, std::move(target));
    }
    return {};
}

Status Spool::take_in(ByteSource& source) {
    tar::Stream stream(source, m_name);
    return scan(stream, m_name, [&](const LayerEntry& entry) { return add(entry, stream); });
}

} // namespace

Result<std::unique_ptr<Files>> spooled_files(ByteSource& source, const std::string& name,
                                             BlobSink& sink) {
    auto files = std::make_unique<Spool>(name, sink);
    TRY(files->take_in(source));
    return files;
}

} // namespace mybuild::archive
