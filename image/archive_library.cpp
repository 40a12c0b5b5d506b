#include "image/archive_library.hpp"

#include "base/shared_library.hpp"

namespace mybuild {
namespace {

Result<ArchiveLibrary> load() {
    TRY_ASSIGN(const auto library, SharedLibrary::open({"libarchive.so.13"}, "libarchive13"));
    ArchiveLibrary archive;
    TRY(library.find("archive_read_new", archive.read_new));
    TRY(library.find("archive_read_free", archive.read_free));
    TRY(library.find("archive_read_support_filter_xz", archive.read_support_filter_xz));
    TRY(library.find("archive_read_support_filter_bzip2", archive.read_support_filter_bzip2));
    TRY(library.find("archive_read_support_format_raw", archive.read_support_format_raw));
    TRY(library.find("archive_read_support_format_empty", archive.read_support_format_empty));
    TRY(library.find("archive_read_open", archive.read_open));
    TRY(library.find("archive_read_next_header", archive.read_next_header));
    TRY(library.find("archive_read_data", archive.read_data));
    TRY(library.find("archive_filter_code", archive.filter_code));
    TRY(library.find("archive_error_string", archive.error_string));
    TRY(library.find("archive_set_error", archive.set_error));
    return archive;
}

} // namespace

const Result<ArchiveLibrary>& archive_library() {
    static const Result<ArchiveLibrary> library = load();
    return library;
}

} // namespace mybuild
