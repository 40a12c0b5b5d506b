#include "cache/layers/step_trees.hpp"

#include "base/fs.hpp"
#include "base/mount.hpp"
#include "cache/layers/normalise.hpp"
#include "cache/layers/tree_files.hpp"
#include "cache/layers/work_space.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>

namespace mybuild {
namespace {

constexpr const char* upper_name = "upper";
constexpr const char* work_name = "work";

/// An overlay whose upper directory and work directory are in a work space of their own.
class OverlayScratch final : public Scratch {
  public:
    OverlayScratch(WorkSpace space, Fd upper, Fd mount)
        : m_space(std::move(space)), m_upper(std::move(upper)), m_mount(std::move(mount)) {}
    [[nodiscard]] int root() const override { return m_mount.get(); }
    void unmount() { m_mount.reset(); }
    [[nodiscard]] int upper() const { return m_upper.get(); }
    [[nodiscard]] WorkSpace& space() { return m_space; }

  private:
    WorkSpace m_space;
    Fd m_upper;
    Fd m_mount; // before the directories that it uses go away
};

/// Overlayfs marks its upper root as well.
Status strip_root(int root) {
    TRY_ASSIGN(const auto xattrs, tree::read_xattrs(root, "."));
    for (const auto& xattr : xattrs)
        if (xattr.name.starts_with(tree::overlay_prefix))
            TRY(tree::remove_xattr(root, ".", xattr.name));
    return {};
}

} // namespace

SealedUpper::~SealedUpper() {
    // A step that runs may have it as a lower layer.
    if (!m_is_committed) m_trash.remove_at_end(fmt::format("trees/{}", m_tree));
}

Result<Fd> StepTrees::open_empty() {
    TRY_ASSIGN(const auto scratch, m_store.scratch_dir());
    TRY(fs::make_dirs_at(scratch.fd, "empty", 0755));
    return fs::open_at(scratch.fd, "empty", O_RDONLY | O_DIRECTORY);
}

Result<std::vector<Fd>> StepTrees::open_lowers(std::span<const TreeRef> trees) {
    TRY_ASSIGN(const auto names, m_merger.few(trees));
    std::vector<Fd> lowers;
    for (auto name = names.rbegin(); name != names.rend(); ++name) {
        TRY_ASSIGN(auto dir, tree::open_dir(m_store.root_fd(), fmt::format("trees/{}", *name)));
        lowers.push_back(std::move(dir));
    }
    if (lowers.empty()) {
        TRY_ASSIGN(auto empty, open_empty());
        lowers.push_back(std::move(empty));
    }
    return lowers;
}

Result<std::unique_ptr<Scratch>> StepTrees::prepare(std::span<const TreeRef> trees) {
    TRY_ASSIGN(const auto lowers, open_lowers(trees));
    std::vector<int> descriptors;
    for (const auto& lower : lowers)
        descriptors.push_back(lower.get());
    return prepare_on(descriptors);
}

Result<std::unique_ptr<Scratch>> StepTrees::prepare_on(std::span<const int> lowers) {
    TRY_ASSIGN(auto space, WorkSpace::create(m_store, m_trash));
    TRY_ASSIGN(auto upper, space.make_root(upper_name));
    TRY_ASSIGN(const auto work, space.make_root(work_name));
    mount::OverlaySpec spec;
    spec.lowers.assign(lowers.begin(), lowers.end());
    spec.upper = upper.get();
    spec.work = work.get();
    spec.is_volatile = true; // nothing of a step that did not end counts
    TRY_ASSIGN(auto mount, mount::mount_overlay(spec));
    return std::make_unique<OverlayScratch>(std::move(space), std::move(upper), std::move(mount));
}

Result<std::unique_ptr<SealedTree>> StepTrees::seal(std::unique_ptr<Scratch> scratch,
                                                    const StageView& below) {
    auto* overlay = dynamic_cast<OverlayScratch*>(scratch.get());
    if (overlay == nullptr)
        return fail(
            {ErrorCode::internal, "a step's root is sealed by a store that did not make it"});
    overlay->unmount();
    TRY_ASSIGN(auto entries, normalise(overlay->upper(), below));
    TRY(strip_root(overlay->upper()));
    auto name = fs::random_name(8);
    TRY(overlay->space().move_out(upper_name, fmt::format("trees/{}", name)));
    return std::make_unique<SealedUpper>(m_trash, std::move(name), std::move(entries));
}

Result<Fd> StepTrees::mount_read_only(std::span<const TreeRef> trees) {
    TRY_ASSIGN(const auto lowers, open_lowers(trees));
    mount::OverlaySpec spec;
    for (const auto& lower : lowers)
        spec.lowers.push_back(lower.get());
    return mount::mount_overlay(spec);
}

} // namespace mybuild
