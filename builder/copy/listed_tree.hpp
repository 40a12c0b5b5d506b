#pragma once

#include "builder/copy/source_tree.hpp"
#include "cache/layers/stage_view.hpp"

#include <string>

namespace mybuild {

/// A source tree of which listings say what is where, with all digests; how bytes are read is left
/// to what derives from it.
class ListedTree : public SourceTree {
  public:
    ListedTree(StageView view, TreeLabel label)
        : m_view(std::move(view)), m_label(std::move(label)) {}

    /// What is where, from the listings alone.
    [[nodiscard]] const StageView& view() const { return m_view; }

    Result<std::optional<SourceNode>> find(const std::string& path) override;
    Result<std::vector<std::string>> children(const std::string& path) override;
    Result<std::string> resolve(const std::string& path) override;
    Result<std::vector<SourceNode>> walk(const std::string& path) override;
    Status digest(std::span<SourceNode* const> nodes) override;
    [[nodiscard]] std::string_view name() const override { return m_label.name; }
    [[nodiscard]] std::string missing_hint() const override { return m_label.missing_hint; }

  private:
    StageView m_view;
    TreeLabel m_label;
};

} // namespace mybuild
