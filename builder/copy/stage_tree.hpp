#pragma once

#include "base/fd.hpp"
#include "builder/copy/source_tree.hpp"
#include "cache/layers/stage_view.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace mybuild {

/// The root file system of a stage or image as a source of COPY --from. What is where comes from
/// the listings; a root is only mounted (by `open_root`) when bytes are read.
class StageTree : public SourceTree {
  public:
    StageTree(StageView view, std::string name, std::function<Result<Fd>()> open_root)
        : m_view(std::move(view)), m_name(std::move(name)), m_open_root(std::move(open_root)) {}

    Result<std::optional<SourceNode>> find(const std::string& path) override;
    Result<std::vector<std::string>> children(const std::string& path) override;
    Result<std::string> resolve(const std::string& path) override;
    Result<std::vector<SourceNode>> walk(const std::string& path) override;
    Status digest(std::span<SourceNode* const> nodes) override;
    Result<std::unique_ptr<ByteSource>> open(const std::string& path) override;
    [[nodiscard]] std::string_view name() const override { return m_name; }

  private:
    StageView m_view;
    std::string m_name;
    std::function<Result<Fd>()> m_open_root;
    std::mutex m_mutex; // guards m_root
    Fd m_root;
};

} // namespace mybuild
