#include "cache/file_digest_table.hpp"

#include <cstdint>
#include <cstdlib>
#include <cstring>

using namespace mybuild;

/// Whatever is in an index, even behind a checksum that is right: it is refused or can be read
/// without leaving its bytes, and every look-up ends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::vector<std::uint64_t> aligned(size / sizeof(std::uint64_t) + 1);
    const auto bytes = std::as_writable_bytes(std::span(aligned)).first(size);
    if (size > 0) std::memcpy(bytes.data(), data, size);
    reseal_file_digests(bytes);
    const auto table = FileDigestTable::parse(bytes);
    if (!table) return 0;

    std::vector<FileDigestEntry> entries;
    for (std::size_t i = 0; i < table->size(); ++i) {
        const auto entry = table->at(i);
        (void)table->find(entry.path);
        entries.push_back(entry);
    }
    (void)table->find("not there");
    // Written again, everything is found.
    const auto again = encode_file_digests(table->context(), entries);
    if (!again) std::abort();
    const auto read = FileDigestTable::parse(std::as_bytes(std::span(*again)));
    if (!read || read->context() != table->context()) std::abort();
    for (const auto& entry : entries)
        if (const auto found = read->find(entry.path);
            !found || read->at(*found).path != entry.path)
            std::abort();
    return 0;
}
