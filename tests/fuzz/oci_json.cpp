#include "image/oci/oci.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace mybuild;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

} // namespace

// What was read can be written, and is then read as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto config = oci::parse_config(text)) {
        const auto written = oci::write_config(*config);
        const auto again = oci::parse_config(written);
        require(again && oci::write_config(*again) == written);
    }
    if (const auto manifest = oci::parse_manifest(text)) {
        const auto written = oci::write_manifest(*manifest);
        const auto again = oci::parse_manifest(written);
        require(again && again->layers == manifest->layers && again->config == manifest->config);
    }
    if (const auto index = oci::parse_index(text)) {
        const auto again = oci::parse_index(oci::write_index(*index));
        require(again && again->manifests == index->manifests);
        oci::choose_platform(*index, oci::Platform{});
    }
    return 0;
}
