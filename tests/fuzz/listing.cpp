#include "cache/layers/listing.hpp"

#include "cache/layers/listing_format.hpp"
#include "cache/layers/stage_view.hpp"

#include <cstdint>
#include <cstring>
#include <string>

using namespace mybuild;

/// Whatever a listing file holds: it is refused, or everything in it can be read and means
/// something.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string bytes(reinterpret_cast<const char*>(data), size);
    listing_format::Header header;
    if (bytes.size() >= sizeof header) { // right checksums, or fuzzing ends at them
        std::memcpy(&header, bytes.data(), sizeof header);
        header.magic = listing_format::magic;
        header.version = listing_format::version;
        header.record_size = sizeof(listing_format::Record);
        header.body_checksum =
            listing_format::checksum(std::string_view(bytes).substr(sizeof header));
        std::memcpy(bytes.data(), &header, sizeof header);
        header.header_checksum = listing_format::checksum(
            std::string_view(bytes).substr(0, listing_format::header_checked));
        std::memcpy(bytes.data(), &header, sizeof header);
    }
    const auto listing = Listing::from_bytes(bytes);
    if (!listing) return 0;

    ListingBuilder again;
    for (std::size_t i = 0; i < (*listing)->size(); ++i) {
        if (!again.add((*listing)->entry(i))) __builtin_trap();
        if ((*listing)->find((*listing)->path(i)) != i) __builtin_trap();
    }
    const StageView view({*listing, *listing});
    (void)view.subtree("");
    for (std::size_t i = 0; i < (*listing)->size(); ++i)
        (void)view.resolve((*listing)->path(i), true);
    return 0;
}
