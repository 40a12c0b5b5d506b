#include "base/passwd.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace mybuild;

/// The input is a user specification up to the first newline, then a text read as passwd and as
/// group.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto newline = input.find('\n');
    const auto spec = input.substr(0, newline);
    const auto text =
        newline == std::string_view::npos ? std::string_view() : input.substr(newline + 1);
    for (const auto& entry : parse_passwd(text)) {
        if (entry.name.empty() || entry.name.find_first_of(":\n") != std::string::npos)
            std::abort();
    }
    if (const auto ids = resolve_user(spec, text, text); ids) {
        if (ids->home.empty() || ids->groups.empty() || ids->groups.front() != ids->gid)
            std::abort();
    }
    static_cast<void>(resolve_chown(spec, text, text));
    static_cast<void>(resolve_chown(spec, std::nullopt, std::nullopt));
    return 0;
}
