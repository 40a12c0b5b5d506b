#include "cache/layer_table.hpp"

#include "cache/descriptor_columns.hpp"

// Every query that reads a layer has these columns in this order. A macro, as the text of a
// statement must be one literal.
#define LAYER_COLUMNS                                                                              \
    "chain_id, parent_chain, diff_id, content_id, listing, tree, tree_boot, tree_synced, "         \
    "archive, tar_size, file_bytes"

namespace mybuild {
namespace {

using sqlite::Blob;
using sqlite::Connection;
using sqlite::Query;

Result<std::optional<LayerRow>> read_one(Query& query) {
    TRY_ASSIGN(const bool found, query.step());
    if (!found) return std::optional<LayerRow>();
    LayerRow row{.chain_id = query.digest(0),
                 .parent_chain = query.optional_digest(1),
                 .diff_id = query.digest(2),
                 .content_id = query.digest(3),
                 .listing = query.text(4),
                 .tree = query.text(5),
                 .tree_boot = query.text(6),
                 .tree_synced = query.integer(7) != 0,
                 .archive = query.text(8),
                 .tar_size = static_cast<std::uint64_t>(query.integer(9)),
                 .file_bytes = static_cast<std::uint64_t>(query.integer(10))};
    TRY(query.intact());
    return std::optional(std::move(row));
}

Result<std::vector<LayerRow>> read_all(Query& query) {
    std::vector<LayerRow> rows;
    for (;;) {
        TRY_ASSIGN(auto row, read_one(query));
        if (!row) return rows;
        rows.push_back(std::move(*row));
    }
}

} // namespace

Result<std::optional<LayerRow>> LayerTable::find(const Digest& chain_id) {
    return m_database.read([&](Connection& db) -> Result<std::optional<LayerRow>> {
        TRY_ASSIGN(auto query,
                   db.query("SELECT " LAYER_COLUMNS " FROM layer WHERE chain_id = ?", chain_id));
        return read_one(query);
    });
}

Result<std::optional<LayerRow>> LayerTable::by_content(const std::optional<Digest>& parent_chain,
                                                       const Digest& content_id) {
    return m_database.read([&](Connection& db) -> Result<std::optional<LayerRow>> {
        TRY_ASSIGN(auto query, db.query("SELECT " LAYER_COLUMNS " FROM layer WHERE content_id = ?"
                                        " AND parent_chain IS ? ORDER BY seq LIMIT 1",
                                        content_id, parent_chain));
        return read_one(query);
    });
}

Result<std::vector<LayerRow>> LayerTable::by_diff_id(const Digest& diff_id) {
    return m_database.read([&](Connection& db) -> Result<std::vector<LayerRow>> {
        TRY_ASSIGN(auto query,
                   db.query("SELECT " LAYER_COLUMNS " FROM layer WHERE diff_id = ? ORDER BY seq",
                            diff_id));
        return read_all(query);
    });
}

Status LayerTable::put(const LayerRow& row) {
    return m_database.write([&](Connection& db) -> Status {
        TRY_ASSIGN(auto query,
                   db.query("INSERT INTO layer (" LAYER_COLUMNS ")"
                            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
                            " ON CONFLICT (chain_id) DO UPDATE SET parent_chain = ?2,"
                            " diff_id = ?3, content_id = ?4, listing = ?5, tree = ?6,"
                            " tree_boot = ?7, tree_synced = ?8, archive = ?9, tar_size = ?10,"
                            " file_bytes = ?11",
                            row.chain_id, row.parent_chain, row.diff_id, row.content_id,
                            row.listing, row.tree, row.tree_boot, std::int64_t{row.tree_synced},
                            row.archive, static_cast<std::int64_t>(row.tar_size),
                            static_cast<std::int64_t>(row.file_bytes)));
        return query.run();
    });
}

Result<std::vector<LayerRow>> LayerTable::list() {
    return m_database.read([&](Connection& db) -> Result<std::vector<LayerRow>> {
        TRY_ASSIGN(auto query, db.query("SELECT " LAYER_COLUMNS " FROM layer ORDER BY seq"));
        return read_all(query);
    });
}

Status LayerTable::remove(const Digest& chain_id) {
    return m_database.write([&](Connection& db) -> Status {
        TRY_ASSIGN(auto query, db.query("DELETE FROM layer WHERE chain_id = ?", chain_id));
        return query.run();
    });
}

Result<std::vector<oci::Descriptor>> LayerTable::blobs_of(const Digest& diff_id) {
    return m_database.read([&](Connection& db) -> Result<std::vector<oci::Descriptor>> {
        TRY_ASSIGN(auto query, db.query("SELECT blob_type, blob_digest, blob_size, blob_extra"
                                        " FROM layer_blob WHERE diff_id = ?",
                                        diff_id));
        std::vector<oci::Descriptor> blobs;
        for (;;) {
            TRY_ASSIGN(const bool found, query.step());
            if (!found) return blobs;
            TRY_ASSIGN(auto blob, read_descriptor(query, 0));
            blobs.push_back(std::move(blob));
        }
    });
}

Status LayerTable::add_blob(const Digest& diff_id, const oci::Descriptor& blob) {
    const auto extra = encode_descriptor_extra(blob);
    return m_database.write([&](Connection& db) -> Status {
        TRY_ASSIGN(auto query,
                   db.query("INSERT INTO layer_blob (diff_id, blob_digest, blob_type, blob_size,"
                            " blob_extra) VALUES (?1, ?2, ?3, ?4, ?5)"
                            " ON CONFLICT DO UPDATE SET blob_size = ?4, blob_extra = ?5",
                            diff_id, blob.digest, blob.media_type,
                            static_cast<std::int64_t>(blob.size), Blob{extra}));
        return query.run();
    });
}

} // namespace mybuild
#undef LAYER_COLUMNS
