#include "parser/grammar/shapes.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

// The JSON form against a reader of JSON by other hands: what that takes for an array, we do, with
// the same strings. It refuses lone halves of surrogates and bytes that are not UTF-8, which we
// replace or keep as Go does, and has no limit of depth.

using namespace mybuild;
using nlohmann::json;

namespace {

bool is_ours_alone(std::string_view text) {
    const auto beyond_ascii = [](char c) { return (c & 0x80) != 0; };
    return text.find("\\ud") != text.npos || text.find("\\uD") != text.npos ||
           std::any_of(text.begin(), text.end(), beyond_ascii);
}

bool is_deep(std::string_view text) {
    const auto opens = [](char c) { return c == '[' || c == '{'; };
    return std::count_if(text.begin(), text.end(), opens) > 90;
}

void require(bool holds) {
    if (!holds) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto ours = grammar::parse_json_array(text);
    (void)grammar::resembles_json_array(text);
    if (ours) {
        require(text.starts_with('['));
        for (const auto& item : *ours) {
            const auto offset = item.written.data() - text.data();
            require(offset > 0 && static_cast<std::size_t>(offset) + item.written.size() < size);
            require(!item.string || item.written.starts_with('"'));
        }
    }
    if (!text.starts_with('[') || is_deep(text) || text.find('\0') != text.npos) return 0;
    const auto theirs = json::parse(text, nullptr, false);
    if (theirs.is_discarded()) {
        require(!ours || is_ours_alone(text));
        return 0;
    }
    require(ours && ours->size() == theirs.size());
    for (std::size_t i = 0; i < ours->size(); ++i) {
        const auto& item = (*ours)[i];
        require(item.string.has_value() == theirs[i].is_string());
        if (item.string && !is_ours_alone(text)) require(*item.string == theirs[i]);
    }
    return 0;
}
