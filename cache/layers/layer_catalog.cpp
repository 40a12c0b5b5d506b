#include "cache/layers/layer_catalog.hpp"

#include "base/fs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unordered_set>

namespace mybuild {

/// The kernel's name for this boot. Unreadable: a name no other boot has, so that no tree is
/// trusted for longer than this process lives.
const std::string& LayerCatalog::boot() {
    std::call_once(m_boot_once, [&] {
        auto text = fs::read_file_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 100);
        m_boot = text ? text->substr(0, text->find('\n')) : fs::random_name(16);
    });
    return m_boot;
}

bool LayerCatalog::trusts_tree(const LayerRow& row) {
    return !row.tree.empty() && (row.tree_synced || row.tree_boot == boot());
}

Result<std::vector<oci::Descriptor>> LayerCatalog::blobs(const Digest& diff_id) {
    TRY_ASSIGN(auto blobs, m_store.layer_rows().blobs_of(diff_id));
    std::erase_if(blobs, [&](const auto& blob) { return !m_store.blobs().has(blob.digest); });
    return blobs;
}

Result<std::shared_ptr<const Listing>> LayerCatalog::listing(const std::string& name) {
    const std::lock_guard lock(m_listings_mutex);
    auto& known = m_listings[name];
    if (auto listing = known.lock()) return listing;
    TRY_ASSIGN(auto listing, Listing::open(m_store.root_fd(), fmt::format("listings/{}", name)));
    known = listing;
    return listing;
}

Result<std::optional<Layer>> LayerCatalog::usable(std::optional<LayerRow> row) {
    if (!row) return std::nullopt;
    const auto clear_missing = [&](const char* folder, std::string& name) {
        if (!name.empty() &&
            ::faccessat(m_store.root_fd(), fmt::format("{}/{}", folder, name).c_str(), F_OK,
                        AT_SYMLINK_NOFOLLOW) != 0)
            name.clear();
    };
    clear_missing("trees", row->tree);
    clear_missing("archives", row->archive);
    if (row->tree.empty() && row->archive.empty()) {
        TRY_ASSIGN(const auto blobs, this->blobs(row->diff_id));
        if (blobs.empty()) return std::nullopt;
    }
    auto listed = listing(row->listing);
    if (!listed) {
        const auto code = listed.error().code;
        if (code == ErrorCode::corrupt || code == ErrorCode::not_found) return std::nullopt;
        return fail(std::move(listed).error());
    }
    if ((*listed)->content_id() != row->content_id) return std::nullopt;
    return Layer{std::move(*row), std::move(*listed)};
}

Result<std::optional<Layer>> LayerCatalog::find(const Digest& chain_id) {
    TRY_ASSIGN(auto row, m_store.layer_rows().find(chain_id));
    return usable(std::move(row));
}

Result<std::optional<LayerStack>> LayerCatalog::stack(const Digest& chain_id) {
    LayerStack layers;
    std::unordered_set<Digest> seen; // a database that says otherwise must not keep us here
    for (std::optional<Digest> next = chain_id; next;) {
        if (!seen.insert(*next).second) return std::nullopt;
        TRY_ASSIGN(auto layer, find(*next));
        if (!layer) return std::nullopt;
        next = layer->row.parent_chain;
        layers.push_back(std::move(*layer));
    }
    std::ranges::reverse(layers);
    return layers;
}

Result<std::string> LayerCatalog::write_listing(std::string_view bytes) {
    auto name = fs::random_name(8);
    const auto path = fmt::format("listings/{}", name);
    // No record names it before it is written, so it needs no temporary name; and it has a
    // checksum, so it needs no fsync: what a power loss tears is made anew.
    TRY_ASSIGN(const auto file,
               fs::open_at(m_store.root_fd(), path, O_WRONLY | O_CREAT | O_EXCL, 0600));
    if (auto done = fs::write_all(file.get(), bytes); !done) {
        ::unlinkat(m_store.root_fd(), path.c_str(), 0);
        return fail(std::move(done).error().in(path));
    }
    return name;
}

Result<std::optional<Layer>> LayerCatalog::known(const std::optional<Digest>& parent,
                                                 const Digest& content_id) {
    auto& rows = m_store.layer_rows();
    for (;;) {
        TRY_ASSIGN(auto row, rows.by_content(parent, content_id));
        if (!row) return std::nullopt;
        const auto chain_id = row->chain_id;
        TRY_ASSIGN(auto layer, usable(std::move(row)));
        if (layer) return layer;
        TRY(rows.remove(chain_id)); // nothing can make its files any more: it is only in the way
    }
}

Result<Layer> LayerCatalog::put(const std::optional<Digest>& parent, NewLayer layer) {
    LayerRow row;
    TRY_ASSIGN(row.listing, write_listing(layer.listing->bytes()));
    row.chain_id = oci::chain_id(parent, layer.diff_id);
    row.parent_chain = parent;
    row.diff_id = layer.diff_id;
    row.content_id = layer.listing->content_id();
    row.tree = std::move(layer.tree);
    if (!row.tree.empty()) row.tree_boot = boot();
    row.archive = std::move(layer.archive);
    row.tar_size = layer.tar_size;
    row.file_bytes = layer.listing->file_bytes();
    {
        const std::lock_guard lock(m_listings_mutex);
        m_listings[row.listing] = layer.listing;
    }
    const std::lock_guard lock(m_rows_mutex);
    TRY(m_store.layer_rows().put(row));
    return Layer{std::move(row), std::move(layer.listing)};
}

Result<Layer> LayerCatalog::adopt(const std::optional<Digest>& parent, const Layer& layer) {
    auto adopted = layer;
    adopted.row.parent_chain = parent;
    adopted.row.chain_id = oci::chain_id(parent, layer.row.diff_id);
    TRY_ASSIGN(auto known, find(adopted.row.chain_id));
    if (known) return std::move(*known);
    const std::lock_guard lock(m_rows_mutex);
    TRY(m_store.layer_rows().put(adopted.row));
    return adopted;
}

Status LayerCatalog::set_tree(const Digest& chain_id, const std::string& tree) {
    const std::lock_guard lock(m_rows_mutex);
    TRY_ASSIGN(auto row, m_store.layer_rows().find(chain_id));
    if (!row) return {};
    row->tree = tree;
    row->tree_boot = boot();
    row->tree_synced = false;
    return m_store.layer_rows().put(*row);
}

Status LayerCatalog::forget_archive(const Digest& chain_id) {
    const std::lock_guard lock(m_rows_mutex);
    TRY_ASSIGN(auto row, m_store.layer_rows().find(chain_id));
    if (!row || row->archive.empty()) return {};
    row->archive.clear();
    return m_store.layer_rows().put(*row);
}

template <class Change>
Status LayerCatalog::change_rows_with_tree(const LayerRow& row, Change change) {
    const std::lock_guard lock(m_rows_mutex);
    TRY_ASSIGN(auto rows, m_store.layer_rows().by_diff_id(row.diff_id));
    for (auto& other : rows) {
        if (other.tree != row.tree) continue;
        change(other);
        TRY(m_store.layer_rows().put(other));
    }
    return {};
}

Status LayerCatalog::tree_is_whole(const LayerRow& row) {
    return change_rows_with_tree(row, [](LayerRow& other) { other.tree_synced = true; });
}

Status LayerCatalog::forget_tree(const LayerRow& row) {
    return change_rows_with_tree(row, [](LayerRow& other) { other.tree.clear(); });
}

} // namespace mybuild
