#include "cache/store_format.hpp"

#include "base/fs.hpp"
#include "base/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fcntl.h>

namespace mybuild {
namespace {

constexpr std::string_view magic = "mybuild-store\n";
constexpr std::string_view version_word = "version ";
constexpr std::string_view features_word = "features";
constexpr const char* format_file = "format";
constexpr std::size_t max_format_size = 4096;

constexpr std::array directories = {"blobs/sha256", "trees", "listings",
                                    "archives",     "work",  "contexts"};
/// What may be in a directory that becomes a store: what an interrupted attempt has left, what
/// another process makes at this moment, what a store has that lost its format file, and what a
/// fresh file system has.
constexpr std::array<std::string_view, 11> known_names = {
    "archives", "blobs",      "caches",  "contexts", "format", "listings",
    "lock",     "lost+found", "seccomp", "trees",    "work"};
/// The database and what SQLite puts beside it, for a moment or for good.
constexpr std::string_view database_prefix = "store.db";

/// Takes the next line without its newline from the front of `text`; no newline: fails.
std::optional<std::string_view> take_line(std::string_view& text) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const auto line = text.substr(0, end);
    text.remove_prefix(end + 1);
    return line;
}

tl::unexpected<Error> not_a_format() {
    return fail(Error{ErrorCode::corrupt, "its file `format` is damaged"}.with_hint(
        "if no newer mybuild has used this store, remove that file: it is made again"));
}

Error newer(const std::string& what) {
    return Error{ErrorCode::unsupported, fmt::format("it was made by a newer mybuild ({})", what)}
        .with_hint("use that version, or another store with --root");
}

Status check_unused(int root) {
    TRY_ASSIGN(const auto names, fs::list_dir(root));
    for (const auto& name : names) {
        const bool known = std::ranges::find(known_names, name) != known_names.end() ||
                           name.starts_with("format.tmp-") || name.starts_with(database_prefix);
        if (!known)
            return fail(Error{
                ErrorCode::invalid,
                fmt::format("it is no mybuild store and not empty (it has {})", printable(name))}
                            .with_hint("choose an empty or a new directory with --root"));
    }
    return {};
}

/// Everything but the database, which is made at its first use. The format file comes last: where
/// it is, all else has been made.
Status make_store(int root) {
    TRY(check_unused(root));
    for (const auto* directory : directories) {
        TRY(fs::make_dirs_at(root, directory, 0700));
        TRY(fs::open_at(root, directory, O_PATH | O_DIRECTORY)); // it may be a file
    }
    return fs::write_file_atomic(root, format_file, write_format({}), 0600);
}

Result<Fd> open_or_make(const std::string& root) {
    constexpr int flags = O_RDONLY | O_DIRECTORY;
    auto dir = fs::open_at(AT_FDCWD, root, flags);
    if (dir || dir.error().code != ErrorCode::not_found) return dir;
    TRY(fs::make_dirs_at(AT_FDCWD, root, 0700));
    return fs::open_at(AT_FDCWD, root, flags);
}

} // namespace

std::string write_format(const StoreFormat& format) {
    std::string text =
        fmt::format("{}{}{}\n{}", magic, version_word, format.version, features_word);
    for (const auto& feature : format.features)
        text += " " + feature;
    return text + "\n";
}

Result<StoreFormat> parse_format(std::string_view text) {
    if (!text.starts_with(magic)) return not_a_format();
    text.remove_prefix(magic.size());
    auto line = take_line(text);
    if (!line || !line->starts_with(version_word)) return not_a_format();
    line->remove_prefix(version_word.size());
    StoreFormat format;
    const auto* end = line->data() + line->size();
    const auto [stop, problem] = std::from_chars(line->data(), end, format.version);
    if (problem != std::errc() || stop != end || format.version < 1) return not_a_format();
    if (format.version > StoreFormat::current_version)
        return fail(newer(fmt::format("store version {}", format.version)));

    line = take_line(text);
    if (!line || !line->starts_with(features_word) || !text.empty()) return not_a_format();
    line->remove_prefix(features_word.size());
    while (!line->empty()) {
        line->remove_prefix(1);
        const auto feature = line->substr(0, line->find(' '));
        if (feature.empty()) return not_a_format();
        line->remove_prefix(feature.size());
        format.features.emplace_back(feature);
    }
    // None exists yet.
    if (!format.features.empty())
        return fail(newer(fmt::format("feature {}", printable(format.features.front()))));
    return format;
}

Result<Fd> open_store_directory(const std::string& root) {
    TRY_ASSIGN(auto dir, open_or_make(root));
    auto text = fs::read_file_at(dir.get(), format_file, max_format_size);
    if (!text && text.error().code == ErrorCode::not_found) {
        TRY(make_store(dir.get()));
        return dir;
    }
    if (!text) return fail(std::move(text).error());
    TRY(parse_format(*text));
    return dir;
}

} // namespace mybuild
