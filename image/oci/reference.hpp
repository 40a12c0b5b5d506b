#pragma once

#include "base/digest.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace mybuild::oci {

/// A parsed image name: registry/repository[:tag][@digest] (distribution's reference grammar with
/// Docker Hub's familiar forms: `alpine` is docker.io/library/alpine:latest).
struct Reference {
    std::string registry;   ///< `docker.io`, `localhost:5000`, …
    std::string repository; ///< `library/alpine`
    std::string tag;        ///< empty only when there is a digest and no tag was written
    std::optional<Digest> digest = {};

    friend bool operator==(const Reference&, const Reference&) = default;
    /// `docker.io/library/alpine:latest`: the name under which a store and archives keep it.
    [[nodiscard]] std::string canonical() const;
    /// `alpine:latest`: what people read; docker.io and library/ left out.
    [[nodiscard]] std::string familiar() const;
    /// `alpine` / `localhost:5000/x`: familiar without tag and digest.
    [[nodiscard]] std::string familiar_name() const;
};

/// Errors: ErrorCode::invalid with `invalid reference format: …` and what is wrong (upper case,
/// empty, too long …). The tag defaults to `latest` where neither tag nor digest is given.
Result<Reference> parse_reference(std::string_view text);

} // namespace mybuild::oci
