#include "cache/key.hpp"

#include <cstdint>
#include <cstdlib>

using namespace mybuild;

/// Text that decodes means the same after it was encoded again, and any fields survive being
/// stored.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto fields = decode_fields(text)) {
        const auto again = decode_fields(encode_fields(*fields));
        if (!again || *again != *fields) std::abort();
    }
    const KeyFields any = {{std::string(text.substr(0, size / 2)), std::string(text)}};
    const auto back = decode_fields(encode_fields(any));
    if (!back || *back != any) std::abort();
    return 0;
}
