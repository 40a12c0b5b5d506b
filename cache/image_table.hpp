#pragma once

#include "cache/database.hpp"
#include "cache/images.hpp"

namespace mybuild {

/// Images and tags in the tables `image` and `tag`.
class ImageTable final : public Images {
  public:
    explicit ImageTable(Database& database) : m_database(database) {}

    Result<std::optional<StoredImage>> find(const Digest& id) override;
    Result<std::optional<StoredImage>> by_tag(const oci::Reference& name) override;
    Result<std::optional<StoredImage>> by_prefix(std::string_view hex) override;
    Result<std::vector<StoredImage>> list() override;
    Result<std::vector<Tag>> tags() override;
    Status put(const StoredImage& image) override;
    Status tag(const oci::Reference& name, const oci::Descriptor& target,
               const Digest& image) override;
    Result<bool> untag(const oci::Reference& name) override;
    Status remove(const Digest& id) override;

  private:
    Database& m_database;
};

} // namespace mybuild
