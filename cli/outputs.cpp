#include "cli/args.hpp"
#include "parser/csv.hpp"

#include <fmt/format.h>

namespace mybuild::cli {
namespace {

Error wrong(std::string message) {
    return {ErrorCode::usage,
            std::move(message),
            {},
            "for example: -o type=oci,dest=image.tar, -o type=local,dest=DIR"};
}

Result<OutputSpec::Type> output_type(const std::string& text) {
    if (text == "oci") return OutputSpec::Type::oci;
    if (text == "docker") return OutputSpec::Type::docker;
    if (text == "tar") return OutputSpec::Type::tar;
    if (text == "local") return OutputSpec::Type::local;
    return fail(wrong(
        fmt::format("unknown output type \"{}\": oci, docker, tar and local are known", text)));
}

} // namespace

Result<OutputSpec> parse_output(const std::string& text) {
    auto fields = parse_csv_options(text);
    if (!fields)
        return fail(wrong(fmt::format("invalid output {}: {}", text, fields.error().message)));
    if (fields->size() == 1 && !fields->front().value) {
        const bool to_stdout = text == "-";
        return OutputSpec{to_stdout ? OutputSpec::Type::tar : OutputSpec::Type::local, text};
    }
    OutputSpec spec;
    bool has_type = false;
    for (const auto& [key, value] : *fields) {
        if (!value)
            return fail(wrong(fmt::format("invalid output {}: \"{}\" has no value", text, key)));
        if (key == "type") {
            TRY_ASSIGN(spec.type, output_type(*value));
            has_type = true;
        } else if (key == "dest") {
            spec.dest = *value;
        } else if (key == "compression") {
            if (*value != "gzip" && *value != "zstd" && *value != "uncompressed")
                return fail(
                    wrong(fmt::format("unknown compression \"{}\": gzip, zstd and uncompressed "
                                      "are known",
                                      *value)));
            spec.compression = *value;
        } else {
            return fail(wrong(fmt::format("unknown output option \"{}\"", key)));
        }
    }
    if (!has_type) return fail(wrong("type is required for output"));
    if (spec.dest.empty()) return fail(wrong("dest is required for output"));
    if (spec.type == OutputSpec::Type::local && spec.dest == "-")
        return fail(wrong("type=local writes a directory; use type=tar for standard output"));
    return spec;
}

} // namespace mybuild::cli
