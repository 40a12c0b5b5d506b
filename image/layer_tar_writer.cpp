#include "base/render.hpp"
#include "image/layer_tar.hpp"
#include "image/layer_tar_header.hpp"
#include "image/layer_tar_names.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mybuild {

namespace {

constexpr std::size_t buffer_size = 256 * 1024;

Error bug(const LayerEntry& entry, std::string_view what) {
    return Error{.code = ErrorCode::internal,
                 .message = fmt::format("layer entry {} {}", printable(entry.path), what)};
}

tl::unexpected<Error> changed(const LayerEntry& entry, std::string_view how) {
    return fail(
        Error{.code = ErrorCode::io,
              .message = fmt::format("{} changed while it was read: it {} than its {} bytes",
                                     printable(entry.path), how, entry.size),
              .hint = "build again when nothing writes to it"});
}

char type_flag(EntryType type) {
    switch (type) {
    case EntryType::file:
    case EntryType::whiteout:
        return '0';
    case EntryType::hard_link:
        return '1';
    case EntryType::symlink:
        return '2';
    case EntryType::char_device:
        return '3';
    case EntryType::block_device:
        return '4';
    case EntryType::directory:
        return '5';
    case EntryType::fifo:
        return '6';
    }
    return '0';
}

std::string in_directory(std::string_view directory, std::string_view prefix,
                         std::string_view name) {
    std::string out(directory);
    if (!out.empty()) out += '/';
    out += prefix;
    out += name;
    return out;
}

Status check_names(const LayerEntry& entry) {
    if (!tar::is_clean(entry.path)) return fail(bug(entry, "has a path that is not clean"));
    if (entry.type == EntryType::hard_link && compare_paths(entry.link, entry.path) >= 0)
        return fail(bug(entry, "is a link to a name that does not stand before it"));
    const auto whiteout = tar::whiteout_component(entry.path);
    if (!whiteout.empty()) {
        return fail(Error{.code = ErrorCode::invalid,
                          .message = fmt::format("{} cannot be in an image: a name beginning with "
                                                 ".wh. means that a file is deleted",
                                                 printable(entry.path)),
                          .hint = "rename the file, or remove it in the step that makes it"});
    }
    return {};
}

} // namespace

struct LayerTarWriter::State {
    explicit State(ByteSink& sink) : out(sink) { buffer.reserve(buffer_size + 4096); }

    Status flush_when_full() { return buffer.size() >= buffer_size ? flush() : Status(); }

    Status flush() {
        if (buffer.empty()) return {};
        TRY(out.write(std::as_bytes(std::span(buffer))));
        written += buffer.size();
        buffer.clear();
        return {};
    }

    Status content(const LayerEntry& entry, ByteSource* source);
    Status opaque_mark(const LayerEntry& directory);
    Status header(const LayerEntry& entry);

    ByteSink& out;
    std::string buffer;
    std::uint64_t written = 0;
    std::string last_path;
    bool any = false;
    bool finished = false;
};

LayerTarWriter::LayerTarWriter(ByteSink& out) : m_state(std::make_unique<State>(out)) {}
LayerTarWriter::~LayerTarWriter() = default;

Status LayerTarWriter::State::header(const LayerEntry& entry) {
    std::string name = entry.path;
    if (entry.type == EntryType::directory) name += '/';
    if (entry.type == EntryType::whiteout)
        name = in_directory(parent_path(entry.path), tar::whiteout_prefix, base_name(entry.path));
    tar::Header header{.name = name, .type = type_flag(entry.type), .mode = 0};
    if (entry.type == EntryType::whiteout) return tar::append_header(buffer, header);

    header.mode = entry.mode & 07777U;
    header.uid = entry.uid;
    header.gid = entry.gid;
    header.mtime = entry.mtime;
    if (entry.type == EntryType::file) header.size = entry.size;
    if (entry.type == EntryType::symlink || entry.type == EntryType::hard_link)
        header.link = entry.link;
    if (entry.type == EntryType::char_device || entry.type == EntryType::block_device) {
        header.device_major = entry.device_major;
        header.device_minor = entry.device_minor;
    }
    std::vector<Xattr> kept;
    // A hard link's attributes are those of its first name.
    if (entry.type != EntryType::hard_link) {
        std::ranges::copy_if(entry.xattrs, std::back_inserter(kept),
                             [](const Xattr& xattr) { return is_layer_xattr(xattr.name); });
        std::ranges::sort(kept);
    }
    header.xattrs = &kept;
    return tar::append_header(buffer, header);
}

Status LayerTarWriter::State::opaque_mark(const LayerEntry& directory) {
    const std::string name = in_directory(directory.path, "", tar::opaque_name);
    return tar::append_header(buffer, {.name = name, .mode = 0});
}

Status LayerTarWriter::State::content(const LayerEntry& entry, ByteSource* source) {
    std::uint64_t left = entry.size;
    // One byte more than is expected is asked for: so a file that has grown shows without a further
    // read of every file that has not.
    while (source != nullptr) {
        const std::size_t begin = buffer.size();
        const auto room = static_cast<std::size_t>(
            std::min<std::uint64_t>(left + 1, std::max(buffer_size, begin + 1) - begin));
        buffer.resize(begin + room);
        auto count = source->read(std::as_writable_bytes(std::span(buffer).subspan(begin)));
        buffer.resize(begin + (count ? *count : 0));
        if (!count) return fail(std::move(count).error().in(printable(entry.path)));
        if (*count > left) return changed(entry, "has more");
        left -= *count;
        TRY(flush_when_full());
        if (*count == 0 || (left == 0 && *count < room)) break;
    }
    if (left > 0) {
        if (source == nullptr) return fail(bug(entry, "has a size but no content"));
        return changed(entry, "has fewer");
    }
    buffer.append(tar::padding(entry.size), '\0');
    return flush_when_full();
}

Status LayerTarWriter::add(const LayerEntry& entry, ByteSource* content) {
    State& state = *m_state;
    if (state.finished) return fail(bug(entry, "comes after the end of its layer"));
    if (state.any && compare_paths(state.last_path, entry.path) >= 0)
        return fail(bug(entry, fmt::format("comes after {}", printable(state.last_path))));
    const bool directory = entry.type == EntryType::directory;
    if (entry.path.empty()) {
        if (!directory || !entry.opaque) return fail(bug(entry, "has no path"));
    } else {
        TRY(check_names(entry));
        TRY(state.header(entry));
    }
    if (directory && entry.opaque) TRY(state.opaque_mark(entry));
    if (entry.type == EntryType::file) TRY(state.content(entry, content));
    state.last_path = entry.path;
    state.any = true;
    return state.flush_when_full();
}

Status LayerTarWriter::finish() {
    m_state->finished = true;
    m_state->buffer.append(2 * tar::block_size, '\0');
    return m_state->flush();
}

std::uint64_t LayerTarWriter::position() const {
    return m_state->written + m_state->buffer.size();
}

} // namespace mybuild
