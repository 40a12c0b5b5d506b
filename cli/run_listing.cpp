#include "builder/session.hpp"
#include "cache/store.hpp"
#include "cli/find_image.hpp"
#include "cli/progress.hpp"
#include "cli/run.hpp"
#include "cli/tables.hpp"
#include "cli/wire.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <unistd.h>

namespace mybuild::cli {
namespace {

using nlohmann::json;

constexpr std::size_t short_id = 12;

void print(const std::string& text) {
    TextSink(STDOUT_FILENO).write(text);
}

std::string dump(const json& value, int indent = -1) {
    return value.dump(indent, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string shown_id(const Digest& id, bool whole) {
    return whole ? id.str() : id.hex().substr(0, short_id);
}

struct ImageRow {
    std::string repository, tag;
    const StoredImage* image;
    std::string created;
};

Result<std::vector<ImageRow>> image_rows(Store& store, const std::vector<StoredImage>& images,
                                         const std::string& only) {
    std::vector<ImageRow> rows;
    for (const auto& image : images) {
        const auto config = oci::parse_config(image.config);
        const auto created = config ? config->created : "";
        TRY_ASSIGN(const auto names, names_of(store, image.id));
        for (const auto& name : names) {
            if (!only.empty() && name.familiar_name() != only && name.familiar() != only &&
                name.canonical() != only)
                continue;
            rows.push_back(
                {name.familiar_name(), name.tag.empty() ? "<none>" : name.tag, &image, created});
        }
        if (names.empty() && only.empty()) rows.push_back({"<none>", "<none>", &image, created});
    }
    return rows;
}

json to_json(const ImageRow& row, const ImagesCommand& command) {
    return {{"Repository", row.repository},
            {"Tag", row.tag},
            {"ID", shown_id(row.image->id, command.no_trunc)},
            {"CreatedAt", row.created},
            {"Size", human_size(row.image->size)},
            {"SizeBytes", row.image->size}};
}

/// One line of `history`, newest first.
struct HistoryRow {
    std::string id, created, created_by, comment;
    std::uint64_t size = 0;
};

Result<std::vector<HistoryRow>> history_rows(Wire& wire, const StoredImage& image, bool no_trunc) {
    TRY_ASSIGN(const auto config, oci::parse_config(image.config));
    std::vector<HistoryRow> rows;
    std::optional<Digest> chain;
    std::size_t layer = 0;
    for (const auto& entry : config.history) {
        HistoryRow row{"<missing>", entry.created, entry.created_by, entry.comment};
        if (!entry.empty_layer && layer < config.diff_ids.size()) {
            chain = oci::chain_id(chain, config.diff_ids[layer++]);
            TRY_ASSIGN(const auto known, wire.store().layer_rows().find(*chain));
            if (known) row.size = known->file_bytes;
        }
        rows.push_back(std::move(row));
    }
    std::reverse(rows.begin(), rows.end());
    if (!rows.empty()) rows.front().id = shown_id(image.id, no_trunc);
    return rows;
}

std::string one_line(std::string text, bool whole) {
    constexpr std::size_t shown = 45; // as Docker cuts it
    std::replace(text.begin(), text.end(), '\n', ' ');
    std::replace(text.begin(), text.end(), '\t', ' ');
    if (whole || text.size() <= shown) return text;
    return text.substr(0, shown - 1) + "…";
}

/// `config` as Docker's inspect shows it.
Result<json> inspected(Wire& wire, const StoredImage& image) {
    const auto parsed = json::parse(image.config, nullptr, false);
    if (parsed.is_discarded())
        return fail(
            {ErrorCode::corrupt, fmt::format("the config of image {} is no JSON", image.id.str())});
    TRY_ASSIGN(const auto names, names_of(wire.store(), image.id));
    auto tags = json::array();
    auto digests = json::array();
    for (const auto& name : names) {
        if (!name.tag.empty()) tags.push_back(name.familiar());
        if (!image.manifest.media_type.empty())
            digests.push_back(name.familiar_name() + "@" + image.manifest.digest.str());
    }
    const auto member = [&](const char* key) { return parsed.value(key, json(nullptr)); };
    json out{
        {"Id", image.id.str()},
        {"RepoTags", tags},
        {"RepoDigests", digests},
        {"Created", member("created")},
        {"Author", parsed.value("author", "")},
        {"Config", member("config")},
        {"Architecture", member("architecture")},
        {"Os", member("os")},
        {"Size", image.size},
        {"RootFS",
         {{"Type", "layers"},
          {"Layers", parsed.value("rootfs", json::object()).value("diff_ids", json::array())}}},
        {"History", parsed.value("history", json::array())}};
    if (parsed.contains("variant")) out["Variant"] = parsed["variant"];
    return out;
}

} // namespace

Status run_images(Wire& wire, const ImagesCommand& command) {
    TRY_ASSIGN(const auto images, wire.store().images().list());
    TRY_ASSIGN(const auto rows, image_rows(wire.store(), images, command.name));
    std::vector<std::vector<std::string>> cells{
        {"REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"}};
    std::string out;
    const auto now = EventLog::now_ns();
    for (const auto& row : rows) {
        const auto id = shown_id(row.image->id, command.no_trunc);
        if (command.json)
            out += dump(to_json(row, command));
        else if (command.quiet)
            out += id + "\n";
        else
            cells.push_back({row.repository, row.tag, id,
                             row.created.empty() ? "N/A" : human_ago(parse_time(row.created), now),
                             human_size(row.image->size)});
    }
    print(command.json || command.quiet ? out : table(cells));
    return {};
}

Status run_history(Wire& wire, const HistoryCommand& command) {
    TRY_ASSIGN(const auto image, find_image_or_step(wire.store(), command.name));
    TRY_ASSIGN(const auto rows, history_rows(wire, image, command.no_trunc));
    std::vector<std::vector<std::string>> cells{
        {"IMAGE", "CREATED", "CREATED BY", "SIZE", "COMMENT"}};
    std::string out;
    const auto now = EventLog::now_ns();
    for (const auto& row : rows) {
        if (command.json) {
            out += dump({{"ID", row.id},
                         {"CreatedAt", row.created},
                         {"CreatedBy", row.created_by},
                         {"Size", human_size(row.size)},
                         {"SizeBytes", row.size},
                         {"Comment", row.comment}});
        } else if (command.quiet) {
            out += row.id + "\n";
        } else {
            cells.push_back(
                {row.id, row.created.empty() ? "N/A" : human_ago(parse_time(row.created), now),
                 one_line(row.created_by, command.no_trunc), human_size(row.size), row.comment});
        }
    }
    print(command.json || command.quiet ? out : table(cells));
    return {};
}

Status run_inspect(Wire& wire, const InspectCommand& command) {
    auto all = json::array();
    for (const auto& name : command.names) {
        TRY_ASSIGN(const auto image, find_image_or_step(wire.store(), name));
        TRY_ASSIGN(auto object, inspected(wire, image));
        all.push_back(std::move(object));
    }
    print(dump(all, 4));
    return {};
}

} // namespace mybuild::cli
