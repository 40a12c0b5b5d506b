#include "base/render.hpp"
#include "image/oci/json_read.hpp"
#include "image/oci/oci.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace mybuild::oci {

namespace {

using json::Value;

constexpr std::array<std::string_view, 10> known_top = {
    "architecture", "author",      "config",     "created", "history",
    "os",           "os.features", "os.version", "rootfs",  "variant"};
constexpr std::array<std::string_view, 13> known_config = {
    "ArgsEscaped", "Cmd",   "Entrypoint", "Env",  "ExposedPorts", "Healthcheck", "Labels",
    "OnBuild",     "Shell", "StopSignal", "User", "Volumes",      "WorkingDir"};

/// The members that we have no field for, as text; empty if there are none.
template <std::size_t n>
std::string unknown_members(const Value& object, const std::array<std::string_view, n>& known) {
    Value rest = Value::object();
    for (const auto& [name, value] : object.items()) {
        if (std::ranges::find(known, name) == known.end()) rest[name] = value;
    }
    return rest.empty() ? std::string() : json::text(rest);
}

/// The object to add our members to; our own text, so what does not parse is as good as absent.
Value with_unknown(std::string_view text) {
    auto object = json::parse_object(text.empty() ? "{}" : text, "");
    return object ? std::move(*object) : Value::object();
}

Result<std::optional<std::vector<std::string>>> optional_strings(const Value& object,
                                                                 std::string_view key) {
    if (json::find(object, key) == nullptr) return std::nullopt;
    TRY_ASSIGN(auto list, json::strings(object, key));
    return std::optional(std::move(list));
}

Result<std::vector<Digest>> read_rootfs(const Value& top) {
    TRY_ASSIGN(const Value* rootfs, json::object_or_null(top, "rootfs"));
    if (rootfs == nullptr) return fail(json::wrong("member \"rootfs\" is missing"));
    TRY_ASSIGN(const auto type, json::string_or(*rootfs, "type", "layers"));
    if (type != "layers")
        return fail(
            json::wrong(fmt::format("rootfs type \"{}\" is not \"layers\"", printable(type))));
    TRY_ASSIGN(const auto texts, json::strings(*rootfs, "diff_ids"));
    std::vector<Digest> diff_ids;
    diff_ids.reserve(texts.size());
    for (const auto& text : texts) {
        auto digest = Digest::parse(text);
        if (!digest && digest.error().code == ErrorCode::invalid)
            return fail(json::wrong(fmt::format("diff id \"{}\" is no digest", printable(text))));
        TRY_ASSIGN(const auto value, std::move(digest));
        diff_ids.push_back(value);
    }
    return diff_ids;
}

Result<std::vector<HistoryEntry>> read_history(const Value& top) {
    TRY_ASSIGN(const Value* array, json::array_or_null(top, "history"));
    std::vector<HistoryEntry> history;
    if (array == nullptr) return history;
    history.reserve(array->size());
    for (const Value& item : *array) {
        if (!item.is_object()) return fail(json::wrong("a history entry is not an object"));
        HistoryEntry entry;
        TRY_ASSIGN(entry.created, json::string_or(item, "created", ""));
        TRY_ASSIGN(entry.created_by, json::string_or(item, "created_by", ""));
        TRY_ASSIGN(entry.author, json::string_or(item, "author", ""));
        TRY_ASSIGN(entry.comment, json::string_or(item, "comment", ""));
        TRY_ASSIGN(entry.empty_layer, json::bool_or_false(item, "empty_layer"));
        history.push_back(std::move(entry));
    }
    return history;
}

Result<std::optional<Healthcheck>> read_healthcheck(const Value& config) {
    TRY_ASSIGN(const Value* object, json::object_or_null(config, "Healthcheck"));
    if (object == nullptr) return std::nullopt;
    Healthcheck check;
    TRY_ASSIGN(check.test, json::strings(*object, "Test"));
    TRY_ASSIGN(check.interval, json::integer_or_zero(*object, "Interval"));
    TRY_ASSIGN(check.timeout, json::integer_or_zero(*object, "Timeout"));
    TRY_ASSIGN(check.start_period, json::integer_or_zero(*object, "StartPeriod"));
    TRY_ASSIGN(check.start_interval, json::integer_or_zero(*object, "StartInterval"));
    TRY_ASSIGN(check.retries, json::integer_or_zero(*object, "Retries"));
    return std::optional(std::move(check));
}

Status read_container_config(const Value& object, ImageConfig& config) {
    TRY_ASSIGN(config.user, json::string_or(object, "User", ""));
    TRY_ASSIGN(config.exposed_ports, json::member_names(object, "ExposedPorts"));
    TRY_ASSIGN(config.env, json::strings(object, "Env"));
    TRY_ASSIGN(config.entrypoint, optional_strings(object, "Entrypoint"));
    TRY_ASSIGN(config.cmd, optional_strings(object, "Cmd"));
    TRY_ASSIGN(config.volumes, json::member_names(object, "Volumes"));
    TRY_ASSIGN(config.working_dir, json::string_or(object, "WorkingDir", ""));
    TRY_ASSIGN(config.labels, json::string_map(object, "Labels"));
    TRY_ASSIGN(config.stop_signal, json::string_or(object, "StopSignal", ""));
    TRY_ASSIGN(config.args_escaped, json::bool_or_false(object, "ArgsEscaped"));
    TRY_ASSIGN(config.healthcheck, read_healthcheck(object));
    TRY_ASSIGN(config.on_build, json::strings(object, "OnBuild"));
    TRY_ASSIGN(config.shell, json::strings(object, "Shell"));
    config.unknown_config = unknown_members(object, known_config);
    return {};
}

Result<ImageConfig> read_config(const Value& top) {
    ImageConfig config;
    Platform platform;
    TRY_ASSIGN(platform.os, json::required_string(top, "os"));
    TRY_ASSIGN(platform.architecture, json::required_string(top, "architecture"));
    TRY_ASSIGN(platform.variant, json::string_or(top, "variant", ""));
    config.platform = normalized(std::move(platform));
    TRY_ASSIGN(config.os_version, json::string_or(top, "os.version", ""));
    TRY_ASSIGN(config.os_features, json::strings(top, "os.features"));
    TRY_ASSIGN(config.created, json::string_or(top, "created", ""));
    TRY_ASSIGN(config.author, json::string_or(top, "author", ""));
    TRY_ASSIGN(config.diff_ids, read_rootfs(top));
    TRY_ASSIGN(config.history, read_history(top));
    TRY_ASSIGN(const Value* container, json::object_or_null(top, "config"));
    if (container != nullptr) TRY(read_container_config(*container, config));
    config.unknown_top = unknown_members(top, known_top);
    return config;
}

void set(Value& object, const char* key, const std::string& value) {
    if (!value.empty()) object[key] = value;
}
void set(Value& object, const char* key, const std::vector<std::string>& value) {
    if (!value.empty()) object[key] = value;
}
void set(Value& object, const char* key, const std::optional<std::vector<std::string>>& value) {
    if (value) object[key] = *value;
}
void set(Value& object, const char* key, std::int64_t value) {
    if (value != 0) object[key] = value;
}

/// A set as Go writes it: `{"80/tcp":{}}`.
void set_names(Value& object, const char* key, const std::vector<std::string>& names) {
    for (const auto& name : names)
        object[key][name] = Value::object();
}

Value write_healthcheck(const Healthcheck& check) {
    Value out = Value::object();
    set(out, "Test", check.test);
    set(out, "Interval", check.interval);
    set(out, "Timeout", check.timeout);
    set(out, "StartPeriod", check.start_period);
    set(out, "StartInterval", check.start_interval);
    set(out, "Retries", check.retries);
    return out;
}

Value write_container_config(const ImageConfig& config) {
    Value out = with_unknown(config.unknown_config);
    set(out, "User", config.user);
    set_names(out, "ExposedPorts", config.exposed_ports);
    set(out, "Env", config.env);
    set(out, "Entrypoint", config.entrypoint);
    set(out, "Cmd", config.cmd);
    set_names(out, "Volumes", config.volumes);
    set(out, "WorkingDir", config.working_dir);
    if (!config.labels.empty()) out["Labels"] = config.labels;
    set(out, "StopSignal", config.stop_signal);
    if (config.args_escaped) out["ArgsEscaped"] = true;
    if (config.healthcheck) out["Healthcheck"] = write_healthcheck(*config.healthcheck);
    set(out, "OnBuild", config.on_build);
    set(out, "Shell", config.shell);
    return out;
}

Value write_history(const std::vector<HistoryEntry>& history) {
    Value out = Value::array();
    for (const auto& entry : history) {
        Value item = Value::object();
        set(item, "created", entry.created);
        set(item, "created_by", entry.created_by);
        set(item, "author", entry.author);
        set(item, "comment", entry.comment);
        if (entry.empty_layer) item["empty_layer"] = true;
        out.push_back(std::move(item));
    }
    return out;
}

} // namespace

Result<ImageConfig> parse_config(std::string_view text) {
    TRY_ASSIGN(const auto top, json::parse_object(text, "the image config"));
    auto config = read_config(top);
    if (!config) return fail(std::move(config).error().in("bad image config"));
    return config;
}

std::string write_config(const ImageConfig& config) {
    Value out = with_unknown(config.unknown_top);
    out["architecture"] = config.platform.architecture;
    out["os"] = config.platform.os;
    set(out, "variant", config.platform.variant);
    set(out, "os.version", config.os_version);
    set(out, "os.features", config.os_features);
    set(out, "created", config.created);
    set(out, "author", config.author);
    Value diff_ids = Value::array();
    for (const auto& diff_id : config.diff_ids)
        diff_ids.push_back(diff_id.str());
    out["rootfs"] = {{"type", "layers"}, {"diff_ids", std::move(diff_ids)}};
    if (!config.history.empty()) out["history"] = write_history(config.history);
    out["config"] = write_container_config(config);
    return json::text(out);
}

} // namespace mybuild::oci
