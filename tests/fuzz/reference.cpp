#include "image/oci/reference.hpp"

#include "image/oci/platform.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace mybuild;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

} // namespace

// A name that is accepted means the same in both of its written forms.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto reference = oci::parse_reference(text)) {
        for (const auto& form : {reference->canonical(), reference->familiar()}) {
            const auto again = oci::parse_reference(form);
            require(again && *again == *reference);
        }
    }
    if (const auto platform = oci::parse_platform(text)) {
        const auto again = oci::parse_platform(platform->str());
        require(again && *again == *platform);
    }
    return 0;
}
