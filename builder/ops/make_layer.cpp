#include "base/passwd.hpp"
#include "builder/copy/archive_source.hpp"
#include "builder/copy/chmod_option.hpp"
#include "builder/ops/copy_sources.hpp"
#include "builder/ops/ops.hpp"
#include "builder/ops/write_entries.hpp"
#include "image/byte_stream_io.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mybuild::ops {
namespace {

constexpr std::uint64_t max_users_file = std::uint64_t{10} * 1024 * 1024; // as BuildKit caps it
constexpr std::int64_t ns_per_second = 1'000'000'000;

/// Whether something after this step will want its layer as a tree: a command or a COPY --from.
bool wants_tree(const Session& session, std::size_t stage, std::size_t after) {
    const auto& steps = session.plans[stage].steps;
    const auto runs = [](const plan::Step& step) {
        return std::holds_alternative<plan::RunOp>(step.op);
    };
    if (std::any_of(steps.begin() + static_cast<std::ptrdiff_t>(after) + 1, steps.end(), runs))
        return true;
    for (std::size_t other = stage + 1; other < session.graph.stages.size(); ++other) {
        const auto& node = session.graph.stages[other];
        if (node.reachable &&
            std::find(node.needs.begin(), node.needs.end(), stage) != node.needs.end())
            return true;
    }
    return false;
}

/// A file as the layers up to `chain` show it.
Result<std::unique_ptr<ByteSource>>
open_in_stage(LayerStore& layers, const std::optional<Digest>& chain, const std::string& path) {
    if (chain) {
        TRY_ASSIGN(const auto stack, layers.stack(*chain));
        const auto layer = stack ? view_of(*stack).layer_of(path) : std::nullopt;
        if (layer) {
            TRY_ASSIGN(auto fd, layers.open_file((*stack)[*layer], path));
            return std::make_unique<FdSource>(std::move(fd), path);
        }
    }
    return fail({ErrorCode::corrupt, fmt::format("/{} is gone from the store", path)});
}

/// Who is who in the stage that ends at `chain`.
struct Users {
    std::string passwd;
    std::string group;
};

/// Listings have these files, unless a link leads to another one. Missing or odd is empty.
Result<std::string> users_file(LayerStore& layers, const StageView& view,
                               const std::optional<Digest>& chain, std::string_view path) {
    const auto resolved = view.resolve(path, true);
    if (!resolved || !resolved->entry || resolved->entry->type != EntryType::file) return "";
    if (auto kept = view.kept(path)) return std::move(*kept);
    TRY_ASSIGN(const auto source, open_in_stage(layers, chain, resolved->path));
    return read_start(*source, std::min(resolved->entry->size, max_users_file));
}

Result<Users> users_of(LayerStore& layers, const StageView& view,
                       const std::optional<Digest>& chain) {
    Users users;
    TRY_ASSIGN(users.passwd, users_file(layers, view, chain, "etc/passwd"));
    TRY_ASSIGN(users.group, users_file(layers, view, chain, "etc/group"));
    return users;
}

Result<std::optional<Owner>> copy_owner(LayerStore& layers, const plan::CopyOp& op,
                                        const StageView& below,
                                        const std::optional<Digest>& chain) {
    if (!op.chown || op.chown->empty()) return std::nullopt;
    std::optional<std::string> passwd;
    std::optional<std::string> group;
    if (!op.link && !below.layers().empty()) {
        TRY_ASSIGN(auto users, users_of(layers, below, chain));
        passwd = std::move(users.passwd);
        group = std::move(users.group);
    }
    TRY_ASSIGN(const auto owner, resolve_chown(*op.chown, passwd, group));
    return owner;
}

/// Where a build puts the files of one COPY or ADD.
class Placing {
  public:
    Placing(const plan::CopyOp& op, Layout& layout, Spool& spool, std::int64_t now)
        : m_op(op), m_layout(layout), m_spool(spool), m_now(now) {}

    Status place(const SelectedSource& source, bool several) {
        const bool is_file = source.nodes.front().entry.type == EntryType::file;
        const bool unpacks = m_op.is_add && m_op.unpack.value_or(!source.is_fetched);
        if (unpacks && source.tree != nullptr && is_file) {
            TRY_ASSIGN(const bool unpacked,
                       unpack_archive(source, m_op.destination, m_layout, m_spool));
            if (unpacked) return {};
        }
        TRY_ASSIGN(const auto target, m_layout.resolve(m_op.destination, true));
        if (m_op.destination.ends_with('/')) TRY(m_layout.make_directories(target));
        if (source.is_directory()) {
            return m_layout.merge_directory(
                target, source.nodes, [&](const SourceNode& node) { return source.opener(node); });
        }
        return place_file(source, target, several);
    }

  private:
    Status place_file(const SelectedSource& source, const std::string& target, bool several) {
        const bool into = m_op.destination.ends_with('/') || m_layout.is_directory(target);
        if (several && !into) {
            return fail(
                {ErrorCode::invalid,
                 fmt::format("When using {} with more than one source file, the destination must "
                             "be a directory and end with a /",
                             m_op.is_add ? "ADD" : "COPY")});
        }
        auto node = source.nodes.front();
        if (source.tree == nullptr) node.entry.mtime = m_now; // made by the step itself
        const auto path = !into            ? target
                          : target.empty() ? source.name
                                           : target + "/" + source.name;
        return m_layout.put_file(path, node, source.opener(source.nodes.front()));
    }

    const plan::CopyOp& m_op;
    Layout& m_layout;
    Spool& m_spool;
    std::int64_t m_now;
};

Status place_all(Session& session, Placing placing, const std::vector<SelectedSource>& sources) {
    for (const auto& source : sources) {
        if (auto placed = placing.place(source, sources.size() > 1); !placed)
            return fail(std::move(placed).error().at(session.file.source, source.span));
    }
    return {};
}

Result<Layer> write_layer(const Session& session, std::size_t stage, std::size_t index,
                          std::vector<PlannedEntry> entries, const std::optional<Digest>& parent,
                          LayerWriter::Times times = LayerWriter::Times::any) {
    const auto form =
        wants_tree(session, stage, index) ? LayerStore::Form::tree : LayerStore::Form::archive;
    return write_entries(session.ports.layers, std::move(entries), form, parent, times);
}

Result<std::vector<PlannedEntry>>
copy_entries(Session& session, const KeyedStep& keyed, const plan::CopyOp& op,
             const StageView& below, const std::optional<Digest>& parent, std::int64_t created_ns,
             Spool& spool, std::shared_ptr<SourceTree>& tree, std::stop_token stop) {
    LayoutOptions options;
    options.now = created_ns / ns_per_second;
    options.open_below = [&session, parent](const std::string& path) {
        return open_in_stage(session.ports.layers, parent, path);
    };
    TRY(set_chmod(options, op.chmod));
    auto owner = copy_owner(session.ports.layers, op, below, parent);
    if (!owner) return fail(session.located(std::move(owner).error(), op.chown_span));
    options.owner = *owner;
    const auto now = options.now;
    Layout layout(op.link ? StageView() : below, std::move(options));
    const Placing placing(op, layout, spool, now);
    if (context_of(session, op.from) != nullptr) {
        TRY(place_all(session, placing, keyed.selection));
        return layout.finish();
    }
    TRY_ASSIGN(tree, open_source(session, *op.from, std::move(stop)));
    TRY_ASSIGN(const auto sources, select_sources(op, *tree, session.file.source));
    warn_unmatched(session, op, sources, tree->name());
    TRY(place_all(session, placing, sources));
    return layout.finish();
}

Result<std::vector<PlannedEntry>> workdir_entries(LayerStore& layers, const plan::WorkdirOp& op,
                                                  const StageView& below,
                                                  const std::optional<Digest>& parent,
                                                  std::int64_t created_ns) {
    LayoutOptions options;
    options.now = created_ns / ns_per_second;
    if (!op.user.empty()) {
        // An unknown user is no error before the first RUN (dockerfile-language.md, 6.11).
        TRY_ASSIGN(const auto users, users_of(layers, below, parent));
        options.owner = resolve_chown(op.user, users.passwd, users.group).value_or(Owner{});
    }
    Layout layout(below, std::move(options));
    TRY_ASSIGN(const auto path, layout.resolve(op.path, true));
    TRY(layout.make_directories(path));
    return layout.finish();
}

} // namespace

Result<Layer> make_layer(Session& session, std::size_t stage, std::size_t index,
                         const StageView& below, const std::optional<Digest>& parent,
                         std::int64_t created_ns, std::stop_token stop) {
    const auto& step = session.step(stage, index);
    if (const auto* workdir = std::get_if<plan::WorkdirOp>(&step.op)) {
        TRY_ASSIGN(auto entries,
                   workdir_entries(session.ports.layers, *workdir, below, parent, created_ns));
        // A time that was asked for is part of what the step makes.
        const auto times =
            session.source_date_epoch ? LayerWriter::Times::exact : LayerWriter::Times::any;
        return write_layer(session, stage, index, std::move(entries), parent, times);
    }
    const auto& op = std::get<plan::CopyOp>(step.op);
    std::shared_ptr<SourceTree> tree; // the entries read from it
    TRY_ASSIGN(auto spool, Spool::create(session.ports.store));
    TRY_ASSIGN(auto entries, copy_entries(session, session.keyed[stage][index], op, below, parent,
                                          created_ns, spool, tree, std::move(stop)));
    return write_layer(session, stage, index, std::move(entries), parent);
}

Result<Digest> copied_content(Session& session, const plan::CopyOp& op, std::stop_token stop) {
    TRY_ASSIGN(const auto tree, open_source(session, *op.from, std::move(stop)));
    TRY_ASSIGN(const auto sources, select_sources(op, *tree, session.file.source));
    LayoutOptions options;
    TRY(set_chmod(options, op.chmod));
    return selection_digest(sources, options, op.chown ? Owners::root : Owners::kept);
}

} // namespace mybuild::ops
