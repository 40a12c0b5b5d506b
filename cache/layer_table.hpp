#pragma once

#include "cache/database.hpp"
#include "cache/layer_rows.hpp"

namespace mybuild {

/// Layers in the tables `layer` and `layer_blob`.
class LayerTable final : public LayerRows {
  public:
    explicit LayerTable(Database& database) : m_database(database) {}

    Result<std::optional<LayerRow>> find(const Digest& chain_id) override;
    Result<std::optional<LayerRow>> by_content(const std::optional<Digest>& parent_chain,
                                               const Digest& content_id) override;
    Result<std::vector<LayerRow>> by_diff_id(const Digest& diff_id) override;
    Status put(const LayerRow& row) override;
    Result<std::vector<LayerRow>> list() override;
    Status remove(const Digest& chain_id) override;
    Result<std::vector<oci::Descriptor>> blobs_of(const Digest& diff_id) override;
    Status add_blob(const Digest& diff_id, const oci::Descriptor& blob) override;

  private:
    Database& m_database;
};

} // namespace mybuild
