#include "builder/copy/stage_tree.hpp"

#include "base/fs.hpp"
#include "image/byte_stream_io.hpp"

#include <fcntl.h>

namespace mybuild {

StageTree::StageTree(LayerStore& store, LayerStack layers, TreeLabel label)
    : ListedTree(view_of(layers), std::move(label)), m_store(store), m_layers(std::move(layers)) {}

Result<std::unique_ptr<ByteSource>> StageTree::open(const std::string& path) {
    const std::lock_guard lock(m_mutex);
    if (!m_root) {
        TRY_ASSIGN(const auto trees, m_store.trees(m_layers));
        TRY_ASSIGN(m_root, m_store.mount_read_only(trees));
    }
    TRY_ASSIGN(auto fd, fs::open_in_root(m_root.get(), "/" + path, O_RDONLY | O_NOFOLLOW));
    return std::make_unique<FdSource>(std::move(fd), path);
}

} // namespace mybuild
