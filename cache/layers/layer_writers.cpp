#include "cache/layers/layer_writers.hpp"

#include "base/fs.hpp"
#include "base/render.hpp"
#include "cache/layers/layer_pass.hpp"
#include "cache/layers/tree_writer.hpp"
#include "cache/layers/work_space.hpp"
#include "image/byte_stream_io.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <unordered_set>

namespace mybuild {
namespace {

/// Refuses entries whose directories have no entry: a layer lists all parents of what it lists.
class ParentCheck {
  public:
    Status check(const LayerEntry& entry) {
        const std::string parent(parent_path(entry.path));
        if (!parent.empty() && parent != m_last && !m_directories.contains(parent))
            return fail(
                {ErrorCode::internal,
                 fmt::format("layer entry {}: its directory has no entry", printable(entry.path))});
        m_last = parent;
        if (entry.type == EntryType::directory) m_directories.insert(entry.path);
        return {};
    }

  private:
    std::string m_last;
    std::unordered_set<std::string> m_directories;
};

/// What both writers do at the end.
Result<Layer> commit_new(LayerCatalog& catalog, const std::optional<Digest>& parent,
                         LayerWriter::Times times, PassedLayer passed,
                         const std::function<Status(NewLayer&)>& keep) {
    TRY_ASSIGN(auto known, catalog.known(parent, passed.listing->content_id()));
    const bool is_it =
        known && (times == LayerWriter::Times::any || known->row.diff_id == passed.diff_id);
    if (is_it) return std::move(*known);
    NewLayer made{std::move(passed.listing), passed.diff_id, passed.tar_size};
    TRY(keep(made));
    return catalog.put(parent, std::move(made));
}

class ArchiveWriter final : public LayerWriter {
  public:
    ArchiveWriter(LayerCatalog& catalog, WorkSpace space, Fd file)
        : m_catalog(catalog), m_space(std::move(space)), m_file(std::move(file)),
          m_sink(m_file.get(), "layer archive"), m_pass(&m_sink) {}

    Status add(const LayerEntry& entry, ByteSource* content) override {
        TRY(m_parents.check(entry));
        return m_pass.add(entry, content);
    }
    Result<Layer> commit(const std::optional<Digest>& parent, Times times) override {
        TRY_ASSIGN(auto passed, m_pass.finish());
        return commit_new(
            m_catalog, parent, times, std::move(passed), [&](NewLayer& made) -> Status {
                made.archive = fs::random_name(8);
                return m_space.move_out(name, fmt::format("archives/{}", made.archive));
            });
    }

    static constexpr const char* name = "archive";

  private:
    LayerCatalog& m_catalog;
    WorkSpace m_space;
    Fd m_file;
    FdSink m_sink;
    ParentCheck m_parents;
    LayerPass m_pass;
};

/// Hands on what it reads and writes it into a file of the tree.
class TeeSource final : public ByteSource {
  public:
    TeeSource(ByteSource& from, ByteSink& to) : m_from(from), m_to(to) {}
    Result<std::size_t> read(std::span<std::byte> out) override {
        TRY_ASSIGN(const auto count, m_from.read(out));
        TRY(m_to.write(out.first(count)));
        return count;
    }

  private:
    ByteSource& m_from;
    ByteSink& m_to;
};

class TreeLayerWriter final : public LayerWriter {
  public:
    TreeLayerWriter(LayerCatalog& catalog, WorkSpace space, Fd root)
        : m_catalog(catalog), m_space(std::move(space)), m_root(std::move(root)),
          m_tree(m_root.get()), m_pass(nullptr) {}

    Status add(const LayerEntry& given, ByteSource* content) override {
        auto entry = given;
        clear_unused(entry);
        TRY(m_parents.check(entry));
        switch (entry.type) {
        case EntryType::file:
            return add_file(entry, content);
        case EntryType::hard_link:
            TRY(m_tree.make_link(entry.link, entry.path));
            break;
        case EntryType::directory:
            TRY(m_tree.make_directory(entry.path));
            m_directories.push_back(entry);
            break;
        default:
            TRY(m_tree.make_special(entry));
        }
        return m_pass.add(entry, nullptr);
    }

    Result<Layer> commit(const std::optional<Digest>& parent, Times times) override {
        // Children first: whatever is changed in a directory changes its time.
        for (auto entry = m_directories.rbegin(); entry != m_directories.rend(); ++entry)
            TRY(m_tree.set_directory(*entry));
        TRY_ASSIGN(auto passed, m_pass.finish());
        return commit_new(m_catalog, parent, times, std::move(passed),
                          [&](NewLayer& made) -> Status {
                              made.tree = fs::random_name(8);
                              return m_space.move_out(name, fmt::format("trees/{}", made.tree));
                          });
    }

    static constexpr const char* name = "tree";

  private:
    Status add_file(const LayerEntry& entry, ByteSource* content) {
        TRY_ASSIGN(const auto file, m_tree.open_file(entry.path));
        if (content == nullptr) {
            TRY(m_pass.add(entry, nullptr));
        } else {
            TeeSource tee(*content, *file);
            TRY(m_pass.add(entry, &tee));
        }
        TRY(file->finish(entry.size));
        return m_tree.set_file(entry);
    }

    LayerCatalog& m_catalog;
    WorkSpace m_space;
    Fd m_root;
    TreeWriter m_tree;
    std::vector<LayerEntry> m_directories;
    ParentCheck m_parents;
    LayerPass m_pass;
};

} // namespace

Result<std::unique_ptr<LayerWriter>> make_archive_writer(Store& store, LayerCatalog& catalog,
                                                         TreeTrash& trash) {
    TRY_ASSIGN(auto space, WorkSpace::create(store, trash));
    constexpr int flags = O_RDWR | O_CREAT | O_EXCL;
    TRY_ASSIGN(auto file, fs::open_at(space.fd(), ArchiveWriter::name, flags, 0600));
    return std::make_unique<ArchiveWriter>(catalog, std::move(space), std::move(file));
}

Result<std::unique_ptr<LayerWriter>> make_tree_writer(Store& store, LayerCatalog& catalog,
                                                      TreeTrash& trash) {
    TRY_ASSIGN(auto space, WorkSpace::create(store, trash));
    TRY_ASSIGN(auto root, space.make_root(TreeLayerWriter::name));
    return std::make_unique<TreeLayerWriter>(catalog, std::move(space), std::move(root));
}

} // namespace mybuild
