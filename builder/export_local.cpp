#include "base/fs.hpp"
#include "builder/bases.hpp"
#include "builder/copy/stage_tree.hpp"
#include "builder/export.hpp"
#include "cache/layers/tree_writer.hpp"
#include "image/byte_stream_io.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mybuild {
namespace {

/// Whether a directory stands there already; anything else in the way is removed. The parents are
/// directories by then: whatever they were before.
Result<bool> make_room(int root, TreeWriter& writer, const LayerEntry& entry) {
    const auto old = fs::stat_at(root, entry.path);
    if (!old) {
        if (old.error().code == ErrorCode::not_found) return false;
        return fail(old.error());
    }
    if (entry.type == EntryType::directory && S_ISDIR(old->st_mode)) return true;
    TRY(writer.remove(entry.path));
    return false;
}

Status write_entry(int root, TreeWriter& writer, const LayerEntry& entry, SourceTree& tree) {
    TRY_ASSIGN(const bool is_there, make_room(root, writer, entry));
    switch (entry.type) {
    case EntryType::directory:
        return is_there ? Status() : writer.make_directory(entry.path);
    case EntryType::hard_link:
        return writer.make_link(entry.link, entry.path);
    case EntryType::file: {
        if (entry.size == 0) {
            MemorySource nothing("");
            return writer.make_file(entry, nothing);
        }
        TRY_ASSIGN(const auto content, tree.open(entry.path));
        return writer.make_file(entry, *content);
    }
    default:
        return writer.make_special(entry);
    }
}

} // namespace

Status export_local(Store& store, LayerStore& layers, const ExportedImage& image,
                    const std::string& destination) {
    TRY_ASSIGN(auto stack, image_layers(store, layers, image.image, {}));
    StageTree tree(layers, std::move(stack), {"image"});
    TRY(fs::make_dirs_at(AT_FDCWD, destination));
    TRY_ASSIGN(const auto root, fs::open_at(AT_FDCWD, destination, O_RDONLY | O_DIRECTORY));

    TreeWriter writer(root.get());
    auto entries = tree.view().subtree("");
    const bool is_root = ::geteuid() == 0;
    for (auto& entry : entries) {
        entry.opaque = false;
        entry.mtime = image.file_time.value_or(entry.mtime);
        if (!is_root) {
            entry.uid = ::geteuid();
            entry.gid = ::getegid();
        }
        if (!entry.path.empty()) TRY(write_entry(root.get(), writer, entry, tree));
    }
    // Times and modes of directories last, from the deepest up.
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry)
        if (entry->type == EntryType::directory && !entry->path.empty())
            TRY(writer.set_directory(*entry));
    return {};
}

} // namespace mybuild
