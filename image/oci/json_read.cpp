#include "image/oci/json_read.hpp"

#include "base/render.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <limits>

namespace mybuild::oci::json {

namespace {

constexpr int max_depth = 64;

/// Depth of brackets outside of strings; the parser itself does not recurse and does not limit it.
bool too_deep(std::string_view text) {
    int depth = 0;
    bool in_string = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char byte = text[at];
        if (in_string) {
            if (byte == '\\')
                ++at;
            else if (byte == '"')
                in_string = false;
        } else if (byte == '"') {
            in_string = true;
        } else if (byte == '{' || byte == '[') {
            if (++depth > max_depth) return true;
        } else if (byte == '}' || byte == ']') {
            --depth;
        }
    }
    return false;
}

tl::unexpected<Error> wrong_type(std::string_view key, std::string_view expected) {
    return fail(wrong(fmt::format("member \"{}\" is not {}", printable(key), expected)));
}

tl::unexpected<Error> missing(std::string_view key) {
    return fail(wrong(fmt::format("member \"{}\" is missing", printable(key))));
}

Result<const Value*> typed_or_null(const Value& object, std::string_view key, Value::value_t type,
                                   std::string_view expected) {
    const Value* value = find(object, key);
    if (value != nullptr && value->type() != type) return wrong_type(key, expected);
    return value;
}

} // namespace

Error wrong(std::string message) {
    return Error{.code = ErrorCode::corrupt, .message = std::move(message)};
}

Result<Value> parse_object(std::string_view text, std::string_view what) {
    if (too_deep(text))
        return fail(wrong(fmt::format("{} is nested deeper than {} levels", what, max_depth)));
    Value value = Value::parse(text.begin(), text.end(), nullptr, false);
    if (value.is_discarded()) return fail(wrong(fmt::format("{} is not valid JSON", what)));
    if (!value.is_object()) return fail(wrong(fmt::format("{} is not a JSON object", what)));
    return value;
}

const Value* find(const Value& object, std::string_view key) {
    const auto found = object.find(key);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

Result<std::string> string_or(const Value& object, std::string_view key, std::string_view absent) {
    const Value* value = find(object, key);
    if (value == nullptr) return std::string(absent);
    if (!value->is_string()) return wrong_type(key, "a string");
    return value->get_ref<const std::string&>();
}

Result<std::string> required_string(const Value& object, std::string_view key) {
    TRY_ASSIGN(auto value, string_or(object, key, ""));
    if (value.empty()) return missing(key);
    return value;
}

Result<bool> bool_or_false(const Value& object, std::string_view key) {
    const Value* value = find(object, key);
    if (value == nullptr) return false;
    if (!value->is_boolean()) return wrong_type(key, "true or false");
    return value->get<bool>();
}

Result<std::int64_t> integer_or_zero(const Value& object, std::string_view key) {
    const Value* value = find(object, key);
    if (value == nullptr) return 0;
    const bool fits = value->is_number_unsigned()
                          ? value->get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max()
                          : value->is_number_integer();
    if (!fits) return wrong_type(key, "an integer of 64 bits");
    return value->get<std::int64_t>();
}

Result<std::uint64_t> required_size(const Value& object, std::string_view key) {
    if (find(object, key) == nullptr) return missing(key);
    TRY_ASSIGN(const auto value, integer_or_zero(object, key));
    if (value < 0) return wrong_type(key, "a size: it is negative");
    return static_cast<std::uint64_t>(value);
}

Result<std::vector<std::string>> strings(const Value& object, std::string_view key) {
    TRY_ASSIGN(const Value* array, array_or_null(object, key));
    std::vector<std::string> out;
    if (array == nullptr) return out;
    out.reserve(array->size());
    for (const Value& item : *array) {
        if (!item.is_string()) return wrong_type(key, "an array of strings");
        out.push_back(item.get_ref<const std::string&>());
    }
    return out;
}

Result<std::map<std::string, std::string>> string_map(const Value& object, std::string_view key) {
    TRY_ASSIGN(const Value* members, object_or_null(object, key));
    std::map<std::string, std::string> out;
    if (members == nullptr) return out;
    for (const auto& [name, value] : members->items()) {
        if (!value.is_string() && !value.is_null())
            return wrong_type(key, "an object whose members are strings");
        out.emplace(name, value.is_null() ? std::string() : value.get_ref<const std::string&>());
    }
    return out;
}

Result<std::vector<std::string>> member_names(const Value& object, std::string_view key) {
    TRY_ASSIGN(const Value* members, object_or_null(object, key));
    std::vector<std::string> out;
    if (members == nullptr) return out;
    for (const auto& [name, value] : members->items())
        out.push_back(name);
    return out;
}

Result<const Value*> object_or_null(const Value& object, std::string_view key) {
    return typed_or_null(object, key, Value::value_t::object, "an object");
}

Result<const Value*> array_or_null(const Value& object, std::string_view key) {
    return typed_or_null(object, key, Value::value_t::array, "an array");
}

std::string text(const Value& value) {
    return value.dump(-1, ' ', false, Value::error_handler_t::replace);
}

} // namespace mybuild::oci::json
