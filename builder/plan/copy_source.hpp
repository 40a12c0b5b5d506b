#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mybuild::plan {

/// What a source of COPY or ADD is, by its expanded text (dockerfile-language.md, 6.9).
enum class SourceKind : std::uint8_t {
    path, ///< in the build context or in what --from names
    http, ///< http(s) URL of one file
    git,  ///< git://, ssh://, user@host:path, or http(s) URL of a path that ends in .git
};

[[nodiscard]] SourceKind classify_source(std::string_view text);

/// A source as others may see it: a password in a URL is replaced by `xxxxx`.
[[nodiscard]] std::string shown_source(std::string_view text);

} // namespace mybuild::plan
