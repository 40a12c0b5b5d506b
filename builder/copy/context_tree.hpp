#pragma once

#include "base/fd.hpp"
#include "builder/copy/source_tree.hpp"
#include "cache/file_digests.hpp"
#include "parser/ignore.hpp"

#include <memory>
#include <string>

namespace mybuild {

/// The build context: a directory of this machine, filtered by its ignore file. Owners are 0:0 and
/// digests come from the stat index where it knows the file. `digests` may be null.
class ContextTree : public SourceTree {
  public:
    static Result<std::unique_ptr<ContextTree>> open(const std::string& directory,
                                                     IgnoreRules rules, FileDigests* digests);
    Result<std::optional<SourceNode>> find(const std::string& path) override;
    Result<std::vector<std::string>> children(const std::string& path) override;
    Result<std::string> resolve(const std::string& path) override;
    Result<std::vector<SourceNode>> walk(const std::string& path) override;
    Status digest(std::span<SourceNode* const> nodes) override;
    Result<std::unique_ptr<ByteSource>> open(const std::string& path) override;
    [[nodiscard]] int directory() const override { return m_root.get(); }
    [[nodiscard]] std::string_view name() const override { return "build context"; }
    [[nodiscard]] std::string missing_hint() const override;

  private:
    ContextTree(Fd root, IgnoreRules rules, FileDigests* digests)
        : m_root(std::move(root)), m_rules(std::move(rules)), m_digests(digests) {}
    Result<std::optional<SourceNode>> find_unfiltered(const std::string& path);
    Status walk_below(const std::string& path, std::vector<SourceNode>& out);
    Status read_content(LayerEntry& entry);
    Status walk_into(int dir, const std::string& path, const IgnoreRules::Verdict* above,
                     std::vector<SourceNode>& out);

    Fd m_root;
    IgnoreRules m_rules;
    FileDigests* m_digests;
};

} // namespace mybuild
