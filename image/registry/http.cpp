#include "image/registry/http.hpp"

#include <algorithm>

namespace mybuild::registry {

std::string lower_ascii(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

std::string_view HttpResponse::header(std::string_view name) const {
    const std::string wanted = lower_ascii(name);
    for (const HttpHeader& field : headers)
        if (lower_ascii(field.name) == wanted) return field.value;
    return {};
}

} // namespace mybuild::registry
