#pragma once

#include "base/result.hpp"

#include <archive.h>

namespace mybuild {

/// libarchive's functions as found by dlopen, under their names without `archive_`. It brings eight
/// libraries with it (ICU among them), half of the time that a build in which nothing changed
/// takes.
struct ArchiveLibrary {
    decltype(&::archive_read_new) read_new = nullptr;
    decltype(&::archive_read_free) read_free = nullptr;
    decltype(&::archive_read_support_filter_xz) read_support_filter_xz = nullptr;
    decltype(&::archive_read_support_filter_bzip2) read_support_filter_bzip2 = nullptr;
    decltype(&::archive_read_support_format_raw) read_support_format_raw = nullptr;
    decltype(&::archive_read_support_format_empty) read_support_format_empty = nullptr;
    decltype(&::archive_read_open) read_open = nullptr;
    decltype(&::archive_read_next_header) read_next_header = nullptr;
    decltype(&::archive_read_data) read_data = nullptr;
    decltype(&::archive_filter_code) filter_code = nullptr;
    decltype(&::archive_error_string) error_string = nullptr;
    decltype(&::archive_set_error) set_error = nullptr;
};

/// The library, loaded by the first call, which may come from any thread.
/// Errors: ErrorCode::unsupported.
const Result<ArchiveLibrary>& archive_library();

} // namespace mybuild
