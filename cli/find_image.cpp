#include "cli/find_image.hpp"

#include "cache/records.hpp"
#include "cache/store.hpp"

#include <fmt/format.h>

namespace mybuild::cli {
namespace {

/// The hex digits if the text can be an id or the beginning of one.
std::string id_digits(const std::string& text) {
    const auto hex = text.starts_with("sha256:") ? text.substr(7) : text;
    const bool fits = !hex.empty() && hex.size() <= 64 &&
                      hex.find_first_not_of("0123456789abcdef") == std::string::npos;
    return fits ? hex : "";
}

Result<std::optional<StoredImage>> look_up(Store& store, const std::string& name) {
    if (const auto reference = oci::parse_reference(name)) {
        TRY_ASSIGN(auto image, store.images().by_tag(*reference));
        if (image) return image;
    }
    const auto hex = id_digits(name);
    if (hex.empty()) return std::nullopt;
    return store.images().by_prefix(hex);
}

Error no_such_image(const std::string& name) {
    return {
        ErrorCode::not_found,
        fmt::format("No such image: {}", name),
        {},
        "`mybuild images` lists those in the store, `mybuild pull` brings one from its registry"};
}

} // namespace

Result<StoredImage> find_image(Store& store, const std::string& name) {
    TRY_ASSIGN(auto image, look_up(store, name));
    if (!image) return fail(no_such_image(name));
    return std::move(*image);
}

Result<StoredImage> find_image_or_step(Store& store, const std::string& name) {
    TRY_ASSIGN(auto image, look_up(store, name));
    if (image) return std::move(*image);
    if (const auto hex = id_digits(name); !hex.empty()) {
        TRY_ASSIGN(auto step, store.records().by_prefix(hex));
        if (step) {
            return StoredImage{.id = step->definition_key,
                               .manifest = {},
                               .config = std::move(step->config),
                               .size = 0,
                               .stored_ns = step->created_ns};
        }
    }
    return fail(no_such_image(name));
}

Result<std::vector<oci::Reference>> names_of(Store& store, const Digest& image) {
    TRY_ASSIGN(const auto tags, store.images().tags());
    std::vector<oci::Reference> names;
    for (const auto& tag : tags) {
        if (tag.image != image) continue;
        TRY_ASSIGN(auto name, oci::parse_reference(tag.name));
        names.push_back(std::move(name));
    }
    return names;
}

} // namespace mybuild::cli
