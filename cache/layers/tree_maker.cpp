#include "cache/layers/tree_maker.hpp"

#include "base/fs.hpp"
#include "base/render.hpp"
#include "cache/layers/tree_check.hpp"
#include "cache/layers/tree_files.hpp"

#include <fmt/format.h>

#include <atomic>
#include <fcntl.h>
#include <mutex>
#include <thread>

namespace mybuild {
namespace {

/// Unpacking keeps two threads busy for each layer already; more layers at once only wait.
constexpr std::size_t at_once = 2;

tl::unexpected<Error> nothing_left(const LayerRow& row) {
    return fail(Error{ErrorCode::corrupt,
                      fmt::format("layer {}: its files are gone from the store", row.diff_id.str())}
                    .with_hint("build or pull again: the layer will be made anew"));
}

} // namespace

StageView view_of(std::span<const Layer> stack) {
    std::vector<std::shared_ptr<const Listing>> listings;
    listings.reserve(stack.size());
    for (const auto& layer : stack)
        listings.push_back(layer.listing);
    return StageView(std::move(listings));
}

Result<std::vector<TreeRef>> TreeMaker::trees(const LayerStack& stack) {
    std::vector<TreeRef> trees(stack.size());
    std::vector<std::size_t> missing;
    for (std::size_t i = 0; i < stack.size(); ++i) {
        if (m_catalog.trusts_tree(stack[i].row))
            trees[i].tree = stack[i].row.tree;
        else
            missing.push_back(i);
    }
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    Status result;
    const auto work = [&] {
        for (auto i = next++; i < missing.size(); i = next++) {
            auto made = tree(std::span(stack).first(missing[i] + 1));
            const std::lock_guard lock(mutex);
            if (!result) return;
            if (made)
                trees[missing[i]].tree = std::move(*made);
            else
                result = fail(std::move(made).error());
        }
    };
    {
        std::vector<std::jthread> helpers;
        for (std::size_t i = 1; i < std::min(at_once, missing.size()); ++i)
            helpers.emplace_back(work);
        work();
    }
    TRY(std::move(result));
    return trees;
}

Result<std::string> TreeMaker::tree(std::span<const Layer> stack) {
    const auto& row = stack.back().row;
    if (m_catalog.trusts_tree(row)) return row.tree;
    const auto held = m_locks.lock(row.chain_id.hex());
    // Somebody may have made it since the caller asked for the layer.
    TRY_ASSIGN(const auto now, m_catalog.find(row.chain_id));
    if (now) {
        TRY_ASSIGN(auto own, checked_tree(now->row, *now->listing));
        if (own) return std::move(*own);
    }
    TRY_ASSIGN(auto tree, shared_tree(row));
    if (!tree) {
        TRY_ASSIGN(tree, make(stack));
    }
    TRY(m_catalog.set_tree(row.chain_id, *tree));
    return std::move(*tree);
}

/// The tree that the layer has, if it is whole. What a power loss may have torn is checked once.
Result<std::optional<std::string>> TreeMaker::checked_tree(const LayerRow& row,
                                                           const Listing& listing) {
    if (row.tree.empty()) return std::nullopt;
    if (m_catalog.trusts_tree(row)) return row.tree;
    const auto path = fmt::format("trees/{}", row.tree);
    TRY_ASSIGN(const auto root, tree::open_dir(m_store.root_fd(), path));
    TRY_ASSIGN(const bool whole, is_whole_tree(root.get(), listing));
    if (whole) {
        TRY(m_catalog.tree_is_whole(row));
        return row.tree;
    }
    TRY(m_catalog.forget_tree(row));
    m_trash.remove_at_end(path);
    return std::nullopt;
}

/// The tree of the same layer on another parent.
Result<std::optional<std::string>> TreeMaker::shared_tree(const LayerRow& row) {
    TRY_ASSIGN(const auto same, m_store.layer_rows().by_diff_id(row.diff_id));
    for (const auto& other : same) {
        if (other.chain_id == row.chain_id || other.listing != row.listing) continue;
        TRY_ASSIGN(auto layer, m_catalog.find(other.chain_id));
        if (layer && m_catalog.trusts_tree(layer->row)) return std::move(layer->row.tree);
    }
    return std::nullopt;
}

/// From the archive, else from a blob. A damaged one is forgotten, so that the layer counts as gone
/// and is made anew by the next build when there is no other.
Result<std::string> TreeMaker::make(std::span<const Layer> stack) {
    const auto& row = stack.back().row;
    std::optional<Error> damage;
    if (!row.archive.empty()) {
        const auto path = fmt::format("archives/{}", row.archive);
        TRY_ASSIGN(auto file, fs::open_at(m_store.root_fd(), path, O_RDONLY));
        auto tree = unpack(stack, {std::move(file), fmt::format("layer {}", row.diff_id.str())});
        if (tree || tree.error().code != ErrorCode::corrupt) return tree;
        damage = std::move(tree).error();
        TRY(m_catalog.forget_archive(row.chain_id));
        m_trash.remove(path);
    }
    TRY_ASSIGN(const auto blobs, m_catalog.blobs(row.diff_id));
    for (const auto& blob : blobs) {
        TRY_ASSIGN(auto file, m_store.blobs().open(blob.digest));
        auto tree =
            unpack(stack, {std::move(file), fmt::format("layer blob {}", blob.digest.str())});
        if (tree || tree.error().code != ErrorCode::corrupt) return tree;
        damage = std::move(tree).error();
        TRY(m_store.blobs().remove(blob.digest));
    }
    if (!damage) return nothing_left(row);
    return fail(std::move(*damage).with_hint("build or pull again: the layer will be made anew"));
}

Result<std::string> TreeMaker::unpack(std::span<const Layer> stack, LayerFile from) {
    const auto lower = stack.first(stack.size() - 1);
    const auto below = view_of(lower);
    TRY_ASSIGN(const auto unpacked, LayerUnpack::run(m_store, m_trash, std::move(from),
                                                     stack.back().row.diff_id, &below, {}));
    TRY_ASSIGN(const auto entries, unpacked->finish(below, [&](const std::string& path) {
        return open_shown(lower, path);
    }));
    ListingBuilder again;
    for (const auto& entry : entries)
        TRY(again.add(entry));
    TRY_ASSIGN(const auto listing, Listing::from_bytes(again.finish()));
    if (listing->content_id() != stack.back().row.content_id)
        return fail({ErrorCode::corrupt, fmt::format("layer {}: its files are not those listed",
                                                     stack.back().row.diff_id.str())});
    return unpacked->keep();
}

Result<Fd> TreeMaker::open_shown(std::span<const Layer> stack, const std::string& path) {
    const auto layer = view_of(stack).layer_of(path);
    if (!layer)
        return fail(
            {ErrorCode::not_found, fmt::format("{}: no such file in the image", printable(path))});
    return open_own(stack.first(*layer + 1), path);
}

Result<Fd> TreeMaker::open_own(std::span<const Layer> stack, const std::string& path) {
    TRY_ASSIGN(const auto name, tree(stack));
    TRY_ASSIGN(const auto root, tree::open_dir(m_store.root_fd(), fmt::format("trees/{}", name)));
    tree::Directories directories(root.get());
    TRY_ASSIGN(const int dir, directories.open(parent_path(path)));
    TRY_ASSIGN(auto file, tree::open_file(dir, std::string(base_name(path))));
    struct stat info {};
    if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode))
        return fail({ErrorCode::invalid, fmt::format("{} is no regular file", printable(path))});
    return file;
}

} // namespace mybuild
