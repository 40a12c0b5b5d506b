#pragma once

#include "cache/layers/listing.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mybuild {

/// The file system that a stack of layers shows, read from their listings alone: no tree is needed
/// to know what stands at a path. Cheap to copy; immutable; thread-safe.
class StageView {
  public:
    StageView() = default;
    explicit StageView(std::vector<std::shared_ptr<const Listing>> bottom_first);

    /// What stands at the path, links not followed. The root is a directory 0755 root even where no
    /// layer says so. hard_link entries come back as the entry they name, under this path.
    [[nodiscard]] std::optional<LayerEntry> find(std::string_view path) const;
    /// The names in the directory, sorted, of all layers together.
    [[nodiscard]] std::vector<std::string> children(std::string_view path) const;
    /// All entries at and below `path` (not following links), in canonical order, as one layer that
    /// makes them from nothing would list them: no whiteouts; hard link groups kept inside the
    /// subtree (first name in canonical order is the file). The root itself is left out, nothing is
    /// opaque.
    [[nodiscard]] std::vector<LayerEntry> subtree(std::string_view path) const;

    struct Resolved {
        std::string path;                ///< without symbolic links in it (but see below)
        std::optional<LayerEntry> entry; ///< nothing there: none; missing parents are fine
    };
    /// Follows symbolic links as if `/` were the root of the view, the last component's too when
    /// `follow_last`. More than 255 links: ErrorCode::invalid. A file as a parent:
    /// ErrorCode::invalid `not a directory`.
    [[nodiscard]] Result<Resolved> resolve(std::string_view path, bool follow_last) const;

    /// Which of layers() what stands at the path comes from; none where nothing does or where no
    /// layer has an entry for it (the root, an implied directory).
    [[nodiscard]] std::optional<std::size_t> layer_of(std::string_view path) const;

    /// Bytes of etc/passwd or etc/group as the topmost layer has them (links followed); none where
    /// there is no such file, or a link leads to one that listings do not have.
    [[nodiscard]] std::optional<std::string> kept(std::string_view path) const;

    /// The view with one more layer on top.
    [[nodiscard]] StageView with(std::shared_ptr<const Listing> top) const;
    /// The same view as far as `directory` and what is in it are concerned, made of the layers that
    /// say anything about them: look-ups in a deep directory of many layers are cheaper in it.
    [[nodiscard]] StageView narrowed(std::string_view directory) const;
    [[nodiscard]] const std::vector<std::shared_ptr<const Listing>>& layers() const {
        return m_layers;
    }

  private:
    std::vector<std::shared_ptr<const Listing>> m_layers; // bottom first
};

} // namespace mybuild
