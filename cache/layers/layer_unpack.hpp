#pragma once

#include "cache/layers/unpacker.hpp"
#include "cache/layers/work_space.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace mybuild {

/// A file that holds a layer's tar, compressed or not.
struct LayerFile {
    Fd file;
    std::string name; ///< for errors
};

/// Unpacks a layer into a directory below work/, which nobody sees until keep(). Reading,
/// decompressing and hashing happen on a second thread while files are written on the caller's.
class LayerUnpack {
  public:
    /// Reads all of `from`. Another diff id than `diff_id` is ErrorCode::corrupt; further errors as
    /// Unpacker's and make_decompressor's. `below`: as Unpacker's.
    static Result<std::unique_ptr<LayerUnpack>> run(Store& store, TreeTrash& trash, LayerFile from,
                                                    const Digest& diff_id, const StageView* below,
                                                    std::stop_token stop);
    [[nodiscard]] bool must_follow_links_of(const StageView& below) const {
        return m_unpacker.must_follow_links_of(below);
    }
    Result<std::vector<LayerEntry>> finish(const StageView& below, const OpenLower& open_lower) {
        return m_unpacker.finish(below, open_lower);
    }
    /// Moves the tree to its place; returns its name below trees/.
    Result<std::string> keep();
    [[nodiscard]] int root() const { return m_root.get(); }
    [[nodiscard]] std::uint64_t tar_size() const { return m_tar_size; }

  private:
    LayerUnpack(WorkSpace space, Fd root, const StageView* below, std::stop_token stop);
    Status read(LayerFile from, const Digest& diff_id);

    WorkSpace m_space;
    Fd m_root;
    std::stop_token m_stop;
    Unpacker m_unpacker;
    std::uint64_t m_tar_size = 0;
};

} // namespace mybuild
