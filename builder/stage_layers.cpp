#include "builder/stage_layers.hpp"

#include "builder/keys.hpp"

namespace mybuild {

void StageLayers::become(std::function<Result<LayerStack>()> load) {
    m_load = std::move(load);
    m_stack.reset();
    m_trees.clear();
    m_contents = empty_content_chain();
    m_contents_of = 0;
}

void StageLayers::push(Layer layer) {
    if (m_stack) m_stack->push_back(std::move(layer));
}

Status StageLayers::load() {
    if (m_stack) return {};
    TRY_ASSIGN(m_stack, m_load());
    return {};
}

Result<Layer> StageLayers::hashed() {
    auto layer = m_hashing.get();
    m_sealed.reset();
    if (!layer) return layer;
    if (m_trees.size() == m_stack->size() && !layer->row.tree.empty())
        m_trees.push_back({layer->row.tree});
    m_stack->push_back(*layer);
    return layer;
}

Result<const LayerStack*> StageLayers::stack() {
    TRY(load());
    return &*m_stack;
}

Result<StageView> StageLayers::view() {
    TRY(load());
    return view_of(*m_stack);
}

Result<Digest> StageLayers::contents() {
    TRY(load());
    for (; m_contents_of < m_stack->size(); ++m_contents_of)
        m_contents = content_chain(m_contents, (*m_stack)[m_contents_of].row.content_id);
    return m_contents;
}

Result<std::vector<TreeRef>> StageLayers::trees() {
    TRY(load());
    if (m_trees.size() != m_stack->size()) {
        TRY_ASSIGN(m_trees, m_store.trees(*m_stack));
    }
    auto all = m_trees;
    if (m_sealed) all.push_back(*m_sealed);
    return all;
}

Result<std::unique_ptr<Scratch>> StageLayers::prepare() {
    TRY_ASSIGN(const auto all, trees());
    return m_store.prepare(all);
}

Result<Fd> StageLayers::mount_read_only() {
    TRY_ASSIGN(const auto all, trees());
    return m_store.mount_read_only(all);
}

Status StageLayers::seal(std::unique_ptr<Scratch> scratch) {
    TRY_ASSIGN(const auto below, view());
    TRY_ASSIGN(auto tree, m_store.seal(std::move(scratch), below));
    m_sealed = TreeRef{tree->tree()};
    std::optional<Digest> parent;
    if (!m_stack->empty()) parent = m_stack->back().row.chain_id;
    m_hashing = std::async(std::launch::async,
                           [&store = m_store, parent, sealed = std::move(tree)]() mutable {
                               return store.commit(std::move(sealed), parent);
                           });
    return {};
}

} // namespace mybuild
