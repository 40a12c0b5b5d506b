#pragma once

#include "builder/copy/archive_source.hpp"
#include "builder/copy/listed_tree.hpp"
#include "image/layer_tar.hpp"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace mybuild {

/// A tree that is on no disk as such: a listing in memory, and the bytes of all its files in a
/// spool. An archive becomes one in a single pass, nothing of it can come to stand where it should
/// not, and nothing is left of it in the end.
class SpooledTree : public ListedTree {
  public:
    /// A tree without anything in it.
    static std::shared_ptr<SpooledTree> empty(TreeLabel label);
    /// The entries of a tar, plain or compressed, as unpacking it would leave them, all owned by
    /// 0:0. Errors: ErrorCode::invalid for what is no tar or has no entries, ErrorCode::corrupt for
    /// a damaged one, limits that are exceeded, the errors of `archive`.
    static Result<std::shared_ptr<SpooledTree>>
    unpack(ByteSource& archive, Spool spool, TreeLabel label, const TarLimits& limits = {});
    /// A tree of these entries (in canonical order, hard links resolved, with digests), which may
    /// read from `spool`.
    static Result<std::shared_ptr<SpooledTree>> make(std::vector<PlannedEntry> entries, Spool spool,
                                                     TreeLabel label);

    Result<std::unique_ptr<ByteSource>> open(const std::string& path) override;

  private:
    SpooledTree(StageView view, TreeLabel label) : ListedTree(std::move(view), std::move(label)) {}

    std::optional<Spool> m_spool;
    std::unordered_map<std::string, OpenContent> m_contents; ///< by path; without empty files
};

/// Whether these first bytes of a stream are those of a tar or of something compressed (which is
/// then taken for a tar): 512 bytes suffice.
[[nodiscard]] bool looks_like_archive(std::string_view start);

} // namespace mybuild
