#include "base/render.hpp"
#include "image/layer_tar.hpp"
#include "image/layer_tar_names.hpp"
#include "image/layer_tar_stream.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mybuild {

namespace {

constexpr std::size_t max_component = 255; // NAME_MAX

/// What to do with an entry of the archive.
enum class Use : std::uint8_t { yield, skip };

tl::unexpected<Error> limit_error(std::string_view path, std::string_view what) {
    return fail(Error{
        .code = ErrorCode::invalid,
        .message = fmt::format("layer archive: {}: {}", printable(path.substr(0, 256)), what)});
}

Status check_path(std::string_view path, std::string_view shown, const TarLimits& limits) {
    if (path.size() > limits.max_path)
        return limit_error(shown, fmt::format("a path of {} bytes is too long", path.size()));
    std::size_t depth = 0;
    for (std::size_t begin = 0; begin <= path.size(); ++depth) {
        const auto end = std::min(path.find('/', begin), path.size());
        if (end - begin > max_component)
            return limit_error(shown, "a file name of more than 255 bytes is too long");
        begin = end + 1;
    }
    if (depth > limits.max_depth)
        return limit_error(shown, fmt::format("a path of {} parts is too deep", depth));
    return {};
}

Status check_limits(const LayerEntry& entry, const TarLimits& limits) {
    TRY(check_path(entry.path, entry.path, limits));
    if (entry.type == EntryType::hard_link) TRY(check_path(entry.link, entry.path, limits));
    if (entry.type == EntryType::symlink && entry.link.size() > limits.max_path)
        return limit_error(entry.path, "its link target is too long");
    if (entry.xattrs.size() > limits.max_xattrs)
        return limit_error(entry.path, "it has too many extended attributes");
    for (const Xattr& xattr : entry.xattrs) {
        if (xattr.value.size() > limits.max_xattr)
            return limit_error(entry.path, fmt::format("its extended attribute {} is too large",
                                                       printable(xattr.name)));
    }
    return {};
}

tl::unexpected<Error> bad_whiteout(std::string_view path) {
    return fail(
        Error{.code = ErrorCode::corrupt,
              .message = fmt::format("layer archive: {} is no valid whiteout", printable(path))});
}

std::string joined(std::string_view directory, std::string_view name) {
    std::string out(directory);
    if (!out.empty()) out += '/';
    out += name;
    return out;
}

/// Turns an entry named `.wh.…` into the deletion that it means; aufs's metadata is left out.
Result<Use> translate_whiteout(LayerEntry& entry) {
    const auto component = tar::whiteout_component(entry.path);
    if (component.empty()) return Use::yield;
    const bool opaque = component == tar::opaque_name;
    if (component.starts_with(tar::whiteout_meta_prefix) && !opaque) return Use::skip;
    // Something inside of a directory that is called so: there can be no such directory.
    if (component.data() + component.size() != entry.path.data() + entry.path.size())
        return bad_whiteout(entry.path);
    const auto name = component.substr(tar::whiteout_prefix.size());
    if (name.empty() || name == "." || name == "..") return bad_whiteout(entry.path);
    const auto directory = parent_path(entry.path);
    LayerEntry whiteout;
    whiteout.type = EntryType::whiteout;
    whiteout.opaque = opaque;
    whiteout.path = opaque ? std::string(directory) : joined(directory, name);
    entry = std::move(whiteout);
    return Use::yield;
}

} // namespace

struct LayerTarReader::State final : ByteSource {
    State(ByteSource& source, const TarLimits& given, TarKind its_kind)
        : stream(source, its_kind == TarKind::layer ? "the layer archive" : "the archive"),
          limits(given), kind(its_kind) {}

    Result<std::size_t> read(std::span<std::byte> out) override {
        return readable ? stream.read(out) : Result<std::size_t>(0);
    }
    Result<Use> accept(LayerEntry& entry);
    [[nodiscard]] Result<std::string> clean(std::string_view name) const {
        return kind == TarKind::layer ? tar::clean_name(name) : tar::inner_name(name);
    }

    tar::Stream stream;
    TarLimits limits;
    TarKind kind;
    std::optional<LayerEntry> root;
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    bool readable = false; ///< the current entry is a file that was handed on as one
};

LayerTarReader::LayerTarReader(ByteSource& source, TarLimits limits, TarKind kind)
    : m_state(std::make_unique<State>(source, limits, kind)) {}
LayerTarReader::~LayerTarReader() = default;

ByteSource& LayerTarReader::content() {
    return *m_state;
}

const std::optional<LayerEntry>& LayerTarReader::root() const {
    return m_state->root;
}

/// Cleans and checks an entry as it stood in the archive.
Result<Use> LayerTarReader::State::accept(LayerEntry& entry) {
    if (++entries > limits.max_entries)
        return limit_error(entry.path, "the archive has too many entries");
    // Before anything is read of it: a small archive can claim very large (sparse) files.
    if (entry.size > limits.max_bytes - bytes)
        return limit_error(
            entry.path, fmt::format("the layer has more than {} bytes of files", limits.max_bytes));
    bytes += entry.size;
    TRY_ASSIGN(entry.path, clean(entry.path));
    if (entry.path.empty()) {
        if (entry.type == EntryType::directory)
            root = entry;
        else if (entry.type != EntryType::file || entry.size > 0)
            return fail(
                Error{.code = ErrorCode::corrupt,
                      .message = "layer archive: an entry that is no directory has no name"});
        return Use::skip;
    }
    std::erase_if(entry.xattrs, [](const Xattr& xattr) { return !is_layer_xattr(xattr.name); });
    TRY(check_limits(entry, limits));
    if (kind == TarKind::layer) {
        TRY_ASSIGN(const Use use, translate_whiteout(entry));
        if (use == Use::skip) return use;
    }
    if (entry.type != EntryType::hard_link) return Use::yield;
    TRY_ASSIGN(entry.link, clean(entry.link));
    const bool deletes = kind == TarKind::layer && !tar::whiteout_component(entry.link).empty();
    if (entry.link.empty() || deletes) {
        return fail(Error{.code = ErrorCode::corrupt,
                          .message = fmt::format("layer archive: {} is a hard link to nothing",
                                                 printable(entry.path))});
    }
    return Use::yield;
}

Result<std::optional<LayerEntry>> LayerTarReader::next() {
    State& state = *m_state;
    state.readable = false;
    for (;;) {
        TRY_ASSIGN(auto entry, state.stream.next());
        if (!entry) return entry;
        TRY_ASSIGN(const Use use, state.accept(*entry));
        if (use == Use::skip) continue;
        state.readable = entry->type == EntryType::file;
        return entry;
    }
}

} // namespace mybuild
