#pragma once

#include "base/result.hpp"
#include "image/oci/platform.hpp"
#include "image/oci/reference.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace mybuild::plan {

/// What one --build-context puts in the place of an image or a stage (cli-and-outputs.md, 3.6).
struct ContextSpec {
    enum class Kind : std::uint8_t {
        directory, ///< `text`: its path
        image,     ///< `image`
        empty,     ///< docker-image://scratch
        layout,    ///< `text`: path of an OCI layout, `selector` which image of it
        git,       ///< `text`: URL
        url,       ///< `text`: http(s) URL of an archive or file
    };
    Kind kind = Kind::directory;
    std::string text = {};
    std::optional<oci::Reference> image = {};
    std::string selector = {}; ///< `:tag` or `@digest`; empty: the only one

    friend bool operator==(const ContextSpec&, const ContextSpec&) = default;
};

/// By name: that of an image in its shortest form without `:latest`, or of a stage; perhaps with
/// `::os/arch` behind it, for that platform alone.
using NamedContexts = std::map<std::string, ContextSpec>;

/// Reads `NAME=VALUE`. Errors (ErrorCode::usage): no value, a name that is none, `scratch` and
/// `context`, which nothing can replace, a value of a form that is not known.
Result<std::pair<std::string, ContextSpec>> parse_named_context(std::string_view text);

/// The context that stands for a name, as FROM, --from or AS have it: one for the platform before
/// one for all. None: the name means what it always means.
[[nodiscard]] NamedContexts::const_iterator
find_context(const NamedContexts& contexts, std::string_view name, const oci::Platform& platform);

} // namespace mybuild::plan
