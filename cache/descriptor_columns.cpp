#include "cache/descriptor_columns.hpp"

#include "cache/key.hpp"

namespace mybuild {
namespace {

constexpr std::string_view os = "os";
constexpr std::string_view architecture = "architecture";
constexpr std::string_view variant = "variant";
/// Before the name of an annotation, which may be anything.
constexpr std::string_view annotation = "annotation:";

Status decode_extra(std::string_view text, oci::Descriptor& descriptor) {
    if (text.empty()) return {};
    TRY_ASSIGN(auto fields, decode_fields(text));
    for (auto& [name, value] : fields) {
        if (name.starts_with(annotation)) {
            descriptor.annotations[name.substr(annotation.size())] = std::move(value);
            continue;
        }
        if (!descriptor.platform) descriptor.platform.emplace();
        if (name == os) descriptor.platform->os = std::move(value);
        if (name == architecture) descriptor.platform->architecture = std::move(value);
        if (name == variant) descriptor.platform->variant = std::move(value);
    }
    return {};
}

} // namespace

std::string encode_descriptor_extra(const oci::Descriptor& descriptor) {
    KeyFields fields;
    if (const auto& platform = descriptor.platform) {
        fields.emplace_back(os, platform->os);
        fields.emplace_back(architecture, platform->architecture);
        fields.emplace_back(variant, platform->variant);
    }
    for (const auto& [name, value] : descriptor.annotations)
        fields.emplace_back(std::string(annotation) + name, value);
    return fields.empty() ? std::string() : encode_fields(fields);
}

Result<oci::Descriptor> read_descriptor(sqlite::Query& row, int first) {
    oci::Descriptor descriptor;
    descriptor.media_type = row.text(first);
    descriptor.digest = row.digest(first + 1);
    descriptor.size = static_cast<std::uint64_t>(row.integer(first + 2));
    TRY(row.intact());
    TRY(decode_extra(row.text(first + 3), descriptor));
    return descriptor;
}

} // namespace mybuild
