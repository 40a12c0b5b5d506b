#include "base/fs.hpp"
#include "base/render.hpp"
#include "image/archive.hpp"
#include "image/archive_import.hpp"
#include "image/byte_stream_io.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mybuild {

namespace {

using namespace archive;

/// The layout's version must be the one we know; false: there is no OCI layout.
Result<bool> is_oci_layout(Files& files) {
    TRY_ASSIGN(const auto text, files.read("oci-layout", max_config));
    if (!text) return false;
    const auto layout = nlohmann::json::parse(*text, nullptr, false);
    const bool has_version = layout.is_object() && layout.contains("imageLayoutVersion") &&
                             layout["imageLayoutVersion"].is_string();
    if (!has_version) {
        return fail(Error{.code = ErrorCode::corrupt,
                          .message = "the file oci-layout does not say the layout's version"});
    }
    const auto& version = layout["imageLayoutVersion"].get_ref<const std::string&>();
    if (version != "1.0.0") {
        return fail(Error{.code = ErrorCode::unsupported,
                          .message = "unknown version of the OCI layout: " + printable(version)});
    }
    return true;
}

Result<std::vector<ImportedImage>> import(Files& files, BlobSink& sink,
                                          const oci::Platform& wanted) {
    TRY_ASSIGN(const bool layout, is_oci_layout(files));
    TRY_ASSIGN(const auto docker_text, files.read("manifest.json", max_docker_manifest));
    std::vector<DockerImage> docker;
    if (docker_text) {
        auto parsed = parse_docker_manifest(*docker_text);
        // Beside an OCI layout it is only asked for names.
        if (!parsed && !layout) return fail(std::move(parsed).error());
        if (parsed) docker = std::move(*parsed);
    }
    if (layout) return import_oci(files, sink, oci::normalized(wanted), docker);
    if (docker_text) return import_docker(files, sink, docker);
    return fail(Error{.code = ErrorCode::invalid,
                      .message = "there is no image in it: it has neither an oci-layout nor a "
                                 "manifest.json",
                      .hint =
                          "an archive is made by `docker save`, `podman save` or `mybuild save`; "
                          "a root file system's tar is used by `FROM scratch` and `ADD`"});
}

Result<std::vector<ImportedImage>> spool(ByteSource& bytes, const std::string& name, BlobSink& sink,
                                         const oci::Platform& wanted) {
    TRY_ASSIGN(const auto plain, make_decompressor(bytes));
    TRY_ASSIGN(const auto files, spooled_files(*plain, name, sink));
    return import(*files, sink, wanted);
}

/// The compression of a regular file; nothing: it cannot be read at any place.
Result<std::optional<Compression>> peek(int fd, const std::string& name) {
    struct stat status = {};
    if (::fstat(fd, &status) != 0) return fail(errno_error("reading " + name, errno));
    const auto offset = ::lseek(fd, 0, SEEK_CUR);
    if (!S_ISREG(status.st_mode) || offset < 0) return std::nullopt;
    std::array<std::byte, 6> start{};
    const auto count = ::pread(fd, start.data(), start.size(), offset);
    if (count < 0) return fail(errno_error("reading " + name, errno));
    return detect_compression(std::span(start).first(static_cast<std::size_t>(count)));
}

Result<std::vector<ImportedImage>> read_any(int fd, const std::string& name, BlobSink& sink,
                                            const oci::Platform& wanted) {
    struct stat status = {};
    if (::fstat(fd, &status) != 0) return fail(errno_error("reading " + name, errno));
    if (S_ISDIR(status.st_mode)) {
        TRY_ASSIGN(auto directory, fs::open_at(fd, ".", O_RDONLY | O_DIRECTORY));
        return import(*directory_files(std::move(directory)), sink, wanted);
    }
    TRY_ASSIGN(const auto compression, peek(fd, name));
    if (compression == Compression::none) {
        TRY_ASSIGN(const auto files, tar_files(fd, name));
        return import(*files, sink, wanted);
    }
    FdSource bytes(fd, name);
    return spool(bytes, name, sink, wanted);
}

} // namespace

Result<std::vector<ImportedImage>> read_archive(const std::string& path, BlobSink& sink,
                                                const oci::Platform& wanted) {
    TRY_ASSIGN(const auto fd, fs::open_at(AT_FDCWD, path, O_RDONLY));
    return read_archive(fd.get(), path, sink, wanted);
}

Result<std::vector<ImportedImage>> read_archive(int fd, std::string_view name, BlobSink& sink,
                                                const oci::Platform& wanted) {
    const std::string shown = printable(name);
    auto images = read_any(fd, shown, sink, wanted);
    if (images) return images;
    Error error = std::move(images).error();
    if (error.message.find(shown) == std::string::npos) error = std::move(error).in(shown);
    return fail(std::move(error));
}

Result<ImportedImage> read_layout_image(const std::string& directory, std::string_view selector,
                                        BlobSink& sink, const oci::Platform& wanted) {
    auto dir = fs::open_at(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY);
    if (!dir) return fail(std::move(dir).error().in("OCI layout"));
    const auto files = directory_files(std::move(*dir));
    const auto import = [&]() -> Result<ImportedImage> {
        TRY_ASSIGN(const bool is_layout, is_oci_layout(*files));
        if (!is_layout)
            return fail(Error{.code = ErrorCode::invalid,
                              .message = "it is no OCI layout: there is no oci-layout in it"});
        return import_oci_image(*files, sink, oci::normalized(wanted), selector);
    };
    auto image = import();
    if (!image) return fail(std::move(image).error().in(printable(directory)));
    return image;
}

} // namespace mybuild
