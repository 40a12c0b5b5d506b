#pragma once

#include "base/fd.hpp"
#include "builder/copy/source_tree.hpp"
#include "cache/file_digests.hpp"
#include "parser/ignore.hpp"

#include <memory>
#include <string>

namespace mybuild {

/// A build context: a directory of this machine, filtered by its ignore file. Owners are 0:0 and
/// digests come from the stat index where it knows the file. `digests` may be null.
class ContextTree : public SourceTree {
  public:
    static Result<std::unique_ptr<ContextTree>> open(const std::string& directory,
                                                     IgnoreRules rules, FileDigests* digests,
                                                     TreeLabel label = main_label());
    Result<std::optional<SourceNode>> find(const std::string& path) override;
    Result<std::vector<std::string>> children(const std::string& path) override;
    Result<std::string> resolve(const std::string& path) override;
    Result<std::vector<SourceNode>> walk(const std::string& path) override;
    Status digest(std::span<SourceNode* const> nodes) override;
    Result<std::unique_ptr<ByteSource>> open(const std::string& path) override;
    [[nodiscard]] int directory() const override { return m_root.get(); }
    [[nodiscard]] std::string_view name() const override { return m_label.name; }
    [[nodiscard]] std::string missing_hint() const override { return m_label.missing_hint; }

  private:
    ContextTree(Fd root, IgnoreRules rules, FileDigests* digests, TreeLabel label)
        : m_root(std::move(root)), m_rules(std::move(rules)), m_digests(digests),
          m_label(std::move(label)) {}
    static TreeLabel main_label(); ///< of the context that the command line names last
    Status read_content(LayerEntry& entry);
    Result<bool> hidden(const std::string& path);
    [[nodiscard]] std::optional<IgnoreRules::Verdict> verdict_on(const std::string& path) const;
    Status walk_into(int dir, const std::string& path, const IgnoreRules::Verdict* above,
                     std::vector<SourceNode>& out);

    Fd m_root;
    IgnoreRules m_rules;
    FileDigests* m_digests;
    TreeLabel m_label;
};

} // namespace mybuild
