#include "builder/ops/write_entries.hpp"

namespace mybuild::ops {

Result<Layer> write_entries(LayerStore& layers, std::vector<PlannedEntry> entries,
                            LayerStore::Form form, const std::optional<Digest>& parent,
                            LayerWriter::Times times) {
    TRY_ASSIGN(const auto writer, layers.writer(form));
    for (auto& planned : entries) {
        std::unique_ptr<ByteSource> content;
        if (planned.entry.type == EntryType::file && planned.entry.size > 0) {
            TRY_ASSIGN(content, planned.open());
        }
        TRY(writer->add(planned.entry, content.get()));
    }
    return writer->commit(parent, times);
}

} // namespace mybuild::ops
