#pragma once

#include "builder/copy/source_tree.hpp"
#include "parser/ignore.hpp"

#include <memory>

namespace mybuild {

/// Another tree without what an ignore file excludes.
class IgnoredTree : public SourceTree {
  public:
    IgnoredTree(std::shared_ptr<SourceTree> tree, IgnoreRules rules)
        : m_tree(std::move(tree)), m_rules(std::move(rules)) {}

    Result<std::optional<SourceNode>> find(const std::string& path) override;
    Result<std::vector<std::string>> children(const std::string& path) override;
    Result<std::string> resolve(const std::string& path) override;
    Result<std::vector<SourceNode>> walk(const std::string& path) override;
    Status digest(std::span<SourceNode* const> nodes) override;
    Result<std::unique_ptr<ByteSource>> open(const std::string& path) override;
    [[nodiscard]] std::string_view name() const override { return m_tree->name(); }
    [[nodiscard]] std::string missing_hint() const override { return m_tree->missing_hint(); }

  private:
    std::shared_ptr<SourceTree> m_tree;
    IgnoreRules m_rules;
};

} // namespace mybuild
