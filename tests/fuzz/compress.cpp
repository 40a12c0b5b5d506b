#include "image/compress.hpp"

#include "image/byte_stream_io.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

using namespace mybuild;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    MemorySource source({reinterpret_cast<const char*>(data), size});
    const auto unpacked = make_decompressor(source);
    if (!unpacked) return 0;
    std::vector<std::byte> buffer(4096);
    for (int count = 0; count < 1000; ++count) {
        const auto read = (*unpacked)->read(buffer);
        if (!read || *read == 0) break;
    }
    return 0;
}
