#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mybuild {

/// What the file `format` of a store says (docs/formats.md has the grammar).
struct StoreFormat {
    static constexpr int current_version = 1;
    int version = current_version;
    std::vector<std::string> features = {}; ///< a reader has to know all of them
};

std::string write_format(const StoreFormat& format);
/// ErrorCode::corrupt: not a format file; ErrorCode::unsupported: of a newer program.
Result<StoreFormat> parse_format(std::string_view text);

/// Opens the directory at `root`, making it (mode 0700, parents too) and all that belongs into it
/// where it is missing; a store whose making was interrupted is completed. Several processes may do
/// so at the same time.
Result<Fd> open_store_directory(const std::string& root);

} // namespace mybuild
