#include "cache/image_table.hpp"

#include "cache/descriptor_columns.hpp"
#include "cache/digest_prefix.hpp"

#include <fmt/format.h>

// Every query that reads an image has these columns in this order. A macro, as the text of a
// statement must be one literal.
#define IMAGE_COLUMNS                                                                              \
    "image.id, manifest_type, manifest_digest, manifest_size, manifest_extra, size, stored_ns, "   \
    "config"

namespace mybuild {
namespace {

using sqlite::Blob;
using sqlite::Connection;
using sqlite::Query;

Result<StoredImage> read_image(Query& row) {
    StoredImage image;
    image.id = row.digest(0);
    TRY_ASSIGN(image.manifest, read_descriptor(row, 1));
    image.size = static_cast<std::uint64_t>(row.integer(5));
    image.stored_ns = row.integer(6);
    image.config = row.text(7);
    return image;
}

Result<std::optional<StoredImage>> read_one(Query& query) {
    TRY_ASSIGN(const bool found, query.step());
    if (!found) return std::optional<StoredImage>();
    TRY_ASSIGN(auto image, read_image(query));
    return std::optional(std::move(image));
}

} // namespace

Result<std::optional<StoredImage>> ImageTable::find(const Digest& id) {
    return m_database.read([&](Connection& db) -> Result<std::optional<StoredImage>> {
        TRY_ASSIGN(auto query, db.query("SELECT " IMAGE_COLUMNS " FROM image WHERE id = ?", id));
        return read_one(query);
    });
}

Result<std::optional<StoredImage>> ImageTable::by_tag(const oci::Reference& name) {
    const auto canonical = name.canonical();
    return m_database.read([&](Connection& db) -> Result<std::optional<StoredImage>> {
        TRY_ASSIGN(auto query, db.query("SELECT " IMAGE_COLUMNS " FROM tag JOIN image"
                                        " ON image.id = tag.image WHERE tag.name = ?",
                                        canonical));
        return read_one(query);
    });
}

Result<std::optional<StoredImage>> ImageTable::by_prefix(std::string_view hex) {
    const auto range = digests_with_prefix(hex);
    if (!range) return std::optional<StoredImage>();
    return m_database.read([&](Connection& db) -> Result<std::optional<StoredImage>> {
        TRY_ASSIGN(auto query,
                   db.query("SELECT " IMAGE_COLUMNS " FROM image WHERE id BETWEEN ? AND ? LIMIT 2",
                            range->first, range->last));
        TRY_ASSIGN(auto image, read_one(query));
        if (!image) return image;
        TRY_ASSIGN(const bool another, query.step());
        if (another)
            return fail(
                Error{ErrorCode::invalid, fmt::format("several images have an id like {}", hex)}
                    .with_hint("give more digits"));
        return image;
    });
}

Result<std::vector<StoredImage>> ImageTable::list() {
    return m_database.read([&](Connection& db) -> Result<std::vector<StoredImage>> {
        TRY_ASSIGN(auto query, db.query("SELECT " IMAGE_COLUMNS
                                        " FROM image ORDER BY stored_ns DESC, seq DESC"));
        std::vector<StoredImage> images;
        for (;;) {
            TRY_ASSIGN(auto image, read_one(query));
            if (!image) return images;
            images.push_back(std::move(*image));
        }
    });
}

Result<std::vector<Tag>> ImageTable::tags() {
    return m_database.read([&](Connection& db) -> Result<std::vector<Tag>> {
        TRY_ASSIGN(auto query, db.query("SELECT name, image, target_type, target_digest,"
                                        " target_size, target_extra FROM tag ORDER BY name"));
        std::vector<Tag> tags;
        for (;;) {
            TRY_ASSIGN(const bool found, query.step());
            if (!found) return tags;
            Tag tag;
            tag.name = query.text(0);
            tag.image = query.digest(1);
            TRY_ASSIGN(tag.target, read_descriptor(query, 2));
            tags.push_back(std::move(tag));
        }
    });
}

Status ImageTable::put(const StoredImage& image) {
    const auto extra = encode_descriptor_extra(image.manifest);
    return m_database.write([&](Connection& db) -> Status {
        TRY_ASSIGN(
            auto query,
            db.query("INSERT INTO image (id, manifest_type, manifest_digest, manifest_size,"
                     " manifest_extra, size, stored_ns, config)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
                     " ON CONFLICT (id) DO UPDATE SET manifest_type = ?2, manifest_digest = ?3,"
                     " manifest_size = ?4, manifest_extra = ?5, size = ?6, stored_ns = ?7,"
                     " config = ?8",
                     image.id, image.manifest.media_type, image.manifest.digest,
                     static_cast<std::int64_t>(image.manifest.size), Blob{extra},
                     static_cast<std::int64_t>(image.size), image.stored_ns, Blob{image.config}));
        return query.run();
    });
}

Status ImageTable::tag(const oci::Reference& name, const oci::Descriptor& target,
                       const Digest& image) {
    const auto canonical = name.canonical();
    const auto extra = encode_descriptor_extra(target);
    return m_database.write([&](Connection& db) -> Status {
        TRY_ASSIGN(auto query,
                   db.query("INSERT INTO tag (name, image, target_type, target_digest,"
                            " target_size, target_extra)"
                            " SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ?2 IN (SELECT id FROM image)"
                            " ON CONFLICT (name) DO UPDATE SET image = ?2, target_type = ?3,"
                            " target_digest = ?4, target_size = ?5, target_extra = ?6",
                            canonical, image, target.media_type, target.digest,
                            static_cast<std::int64_t>(target.size), Blob{extra}));
        TRY(query.run());
        if (db.changes() == 0)
            return fail({ErrorCode::not_found, fmt::format("cannot tag {}: no image {} is stored",
                                                           name.familiar(), image.str())});
        return {};
    });
}

Result<bool> ImageTable::untag(const oci::Reference& name) {
    const auto canonical = name.canonical();
    return m_database.write([&](Connection& db) -> Result<bool> {
        TRY_ASSIGN(auto query, db.query("DELETE FROM tag WHERE name = ?", canonical));
        TRY(query.run());
        return db.changes() > 0;
    });
}

Status ImageTable::remove(const Digest& id) {
    return m_database.write([&](Connection& db) -> Status {
        TRY_ASSIGN(auto tags, db.query("DELETE FROM tag WHERE image = ?", id));
        TRY(tags.run());
        TRY_ASSIGN(auto image, db.query("DELETE FROM image WHERE id = ?", id));
        return image.run();
    });
}

} // namespace mybuild
#undef IMAGE_COLUMNS
