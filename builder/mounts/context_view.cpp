#include "builder/mounts/context_view.hpp"

#include "base/fs.hpp"
#include "base/mount.hpp"
#include "builder/mounts/context_mask.hpp"
#include "builder/mounts/mounted_tree.hpp"

#include <fcntl.h>

namespace mybuild {
namespace {

constexpr std::uint32_t root_mode = 0755; // of a context, whatever its directory has
constexpr const char* mask_name = "mask";
constexpr const char* copy_name = "copy";

/// A file is mounted as a part of its directory.
std::string directory_of(const MountedTree& mounted) {
    return mounted.is_directory() ? mounted.root : std::string(parent_path(mounted.root));
}

Result<Fd> open_directory(int parent, const std::string& path) {
    return fs::open_in_root(parent, "/" + path, O_RDONLY | O_DIRECTORY);
}

/// The directory of the machine as it is, its files shown as root's.
Result<Fd> show_directory(int directory, const ContextMask& mask) {
    TRY_ASSIGN(auto mount, mount::clone_tree(directory));
    if (mask.uid != 0 || mask.gid != 0) TRY(mount::show_as_root(mount.get(), mask.uid, mask.gid));
    TRY(mount::set_readonly(mount.get(), mount::Recursive::no));
    return mount;
}

/// Writes the mask into a directory of its own.
Result<Fd> write_mask(SourceTree& context, const MountedTree& mounted, const ContextMask& mask,
                      int work) {
    if (mounted.is_directory()) {
        TRY(write_tree(context, mask.over, work, mask_name));
        return open_directory(work, mask_name);
    }
    TRY(fs::make_dirs_at(work, mask_name));
    TRY_ASSIGN(auto directory, open_directory(work, mask_name));
    TRY(write_tree(context, mask.over, directory.get(), std::string(base_name(mounted.root))));
    return directory;
}

/// A view made by mounts alone, but for what the mask has to copy.
Result<ContextView> view_in_place(LayerStore& layers, SourceTree& context,
                                  const MountedTree& mounted, Writes writes) {
    TRY_ASSIGN(const auto directory, open_directory(context.directory(), directory_of(mounted)));
    TRY_ASSIGN(const auto mask, make_mask(directory.get(), mounted));
    ContextView view;
    TRY_ASSIGN(auto shown, show_directory(directory.get(), mask));
    mount::OverlaySpec spec;
    Fd over;
    if (!mask.over.nodes.empty()) {
        TRY_ASSIGN(view.work, layers.work_directory());
        TRY_ASSIGN(over, write_mask(context, mounted, mask, view.work->fd()));
        spec.lowers.push_back(over.get());
    }
    spec.lowers.push_back(shown.get());
    if (writes == Writes::discarded) {
        TRY_ASSIGN(view.scratch, layers.prepare_on(spec.lowers));
    } else if (spec.lowers.size() > 1) {
        TRY_ASSIGN(view.mount, mount::mount_overlay(spec));
    } else {
        view.mount = std::move(shown);
    }
    if (!mounted.is_directory()) {
        TRY_ASSIGN(view.mount, mount::clone_path(view.fd(), std::string(base_name(mounted.root))));
    }
    return view;
}

Result<ContextView> view_of_copy(LayerStore& layers, SourceTree& context,
                                 const MountedTree& mounted) {
    ContextView view;
    TRY_ASSIGN(view.work, layers.work_directory());
    TRY(write_tree(context, mounted, view.work->fd(), copy_name));
    TRY_ASSIGN(const auto copy, fs::open_at(view.work->fd(), copy_name, O_PATH | O_NOFOLLOW));
    TRY_ASSIGN(view.mount, mount::clone_tree(copy.get()));
    return view;
}

} // namespace

Result<ContextView> view_context(LayerStore& layers, SourceTree& context, const std::string& source,
                                 Writes writes) {
    TRY_ASSIGN(auto mounted, find_mounted(context, source));
    for (auto& node : mounted.nodes)
        if (node.entry.path.empty()) node.entry.mode = root_mode;
    if (context.directory() >= 0) {
        auto view = view_in_place(layers, context, mounted, writes);
        if (view) return view;
        // Whatever this kernel or the context's file system cannot do, copying can.
    }
    return view_of_copy(layers, context, mounted);
}

} // namespace mybuild
