#pragma once

#include "base/result.hpp"
#include "cache/layers/layer_model.hpp"
#include "cache/layers/stage_view.hpp"
#include "cache/layers/tree_writer.hpp"
#include "image/byte_stream.hpp"
#include "image/layer_tar.hpp"

#include <functional>
#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace mybuild {

/// Opens a regular file of the layers below, as they show it.
using OpenLower = std::function<Result<Fd>(const std::string& path)>;

/// Unpacks a layer tar that nobody vouches for into a directory of its own (image-format,
/// "Extracting untrusted layers safely"). Where a path leads is decided in a model of what the
/// archive made so far, not by asking the file system; the tree is then written without following
/// any link.
///
/// Two steps, so that the layers of an image can be unpacked at the same time: unpack() needs
/// nothing of other layers; finish() takes from those below what the archive only implies.
class Unpacker {
  public:
    /// `root`: descriptor of an empty directory, borrowed. `below`: what is below if it is known
    /// already; nullptr: it will be by the time of finish().
    Unpacker(int root, const StageView* below, std::stop_token stop);

    /// Reads the archive to its end mark. Errors: ErrorCode::corrupt for archives that are damaged
    /// or try to leave the root, invalid for limits exceeded, cancelled, and what the disk says.
    Status unpack(ByteSource& tar, const TarLimits& limits);

    /// True where the archive goes through a directory that is a symbolic link below, which only an
    /// unpacker that knew `below` from the start can follow: unpack it again with one.
    [[nodiscard]] bool must_follow_links_of(const StageView& below) const;

    /// Deletions, opaque directories, hard links into lower layers, attributes of implied
    /// directories, times of directories. Returns the layer's entries in canonical order, digests
    /// included.
    Result<std::vector<LayerEntry>> finish(const StageView& below, const OpenLower& open_lower);

  private:
    Status add(const LayerEntry& entry, ByteSource& content);
    Status add_directory(const LayerEntry& entry, const std::string& path);
    Status add_hard_link(const LayerEntry& entry, const std::string& path);
    Status add_file(LayerEntry entry, ByteSource& content);
    /// The directory's path without symbolic links; missing ones are made when `make`.
    Result<std::string> resolve(std::string_view directory, bool make);
    Result<std::string> resolve_new(std::string_view directory, bool make);
    Status make_implied(const std::string& path);
    Status clear(const std::string& path);

    [[nodiscard]] bool hidden_below(std::string_view path) const;
    [[nodiscard]] bool parent_hides(std::string_view path) const;
    Status finish_links(const StageView& below, const OpenLower& open_lower);
    Status copy_lower(const std::string& path, const LayerEntry& target,
                      const OpenLower& open_lower);
    Status finish_deletions(const StageView& below);
    Status delete_below(const std::string& path, const StageView& below);
    Status hide_below(const std::string& path, const StageView& below);
    void finish_implied(const StageView& below);
    Status write_directories(const std::vector<LayerEntry>& entries);

    TreeWriter m_writer;
    const StageView* m_below;
    std::stop_token m_stop;
    LayerModel m_model;
    std::set<std::string, std::less<>> m_deleted; ///< whiteouts, as paths of what is gone
    std::set<std::string, std::less<>> m_opaque;  ///< opaque directories
    std::map<std::string, std::string, LayerModel::PathOrder>
        m_pending;                ///< hard links to what is not in this layer
    std::string m_last_directory; ///< last question to resolve() and its answer
    std::string m_last_resolved;
    bool m_last_known = false;
};

} // namespace mybuild
