#include "cli/call.hpp"
#include "parser/csv.hpp"

#include <fmt/format.h>

#include <optional>

namespace mybuild::cli {
namespace {

Error wrong(std::string message) {
    return {ErrorCode::usage,
            std::move(message),
            {},
            "for example: --call=check, --call=check,format=json, --call=outline, --call=targets"};
}

std::optional<Call::Method> method_of(const std::string& name) {
    if (name == "build") return Call::Method::build;
    if (name == "check" || name == "lint") return Call::Method::check;
    if (name == "outline") return Call::Method::outline;
    if (name == "targets") return Call::Method::targets;
    return std::nullopt;
}

Status set_format(Call& call, const std::string& text) {
    if (text == "text")
        call.format = Call::Format::text;
    else if (text == "json")
        call.format = Call::Format::json;
    else if (text == "sarif")
        call.format = Call::Format::sarif;
    else
        return fail(
            wrong(fmt::format("unknown format \"{}\": text, json and sarif are known", text)));
    return {};
}

} // namespace

Result<Call> parse_call(const std::string& text) {
    auto fields = parse_csv_options(text);
    if (!fields)
        return fail(wrong(fmt::format("invalid call {}: {}", text, fields.error().message)));
    Call call;
    bool has_method = false;
    for (const auto& [key, value] : *fields) {
        if (!value) {
            const auto method = method_of(key);
            if (!method || has_method)
                return fail(wrong(fmt::format("unknown call \"{}\": build, check, outline and "
                                              "targets are known",
                                              has_method ? text : key)));
            call.method = *method;
            has_method = true;
        } else if (key == "format") {
            TRY(set_format(call, *value));
        } else if (key == "ignorestatus" && (*value == "true" || *value == "false")) {
            call.ignore_status = *value == "true";
        } else {
            return fail(wrong(fmt::format("invalid call field: {}={}", key, *value)));
        }
    }
    if (!has_method) return fail(wrong(fmt::format("--call={}: what to do is missing", text)));
    if (call.format == Call::Format::sarif && call.method != Call::Method::check)
        return fail(wrong("format=sarif is for checks"));
    return call;
}

} // namespace mybuild::cli
