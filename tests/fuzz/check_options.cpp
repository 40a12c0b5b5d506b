#include "lint/options.hpp"

#include <cstdlib>

// The grammar of `# check=`, BUILDKIT_DOCKERFILE_CHECK and comments above instructions: a malformed
// text has an error that says something, and a comment asks for what the text itself asks for.

using namespace mybuild;
using namespace mybuild::lint;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto parsed = CheckOptions::parse(text);
    if (!parsed && parsed.error().message.empty()) std::abort();
    const std::string comments[] = {"check=" + text};
    const auto asked = options_of(comments);
    const bool whole = text.find_first_of(" \t\n\v\f\r") == std::string::npos && !text.empty();
    for (const char c : text)
        if ((static_cast<unsigned char>(c) & 0x80U) != 0) return 0; // may be a blank of Unicode's
    if (whole && parsed) {
        if (asked.skip.all != parsed->skip.all || asked.skip.names != parsed->skip.names)
            std::abort();
    }
    return 0;
}
