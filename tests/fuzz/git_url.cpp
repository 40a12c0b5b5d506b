#include "parser/git_url.hpp"

#include "parser/percent.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace mybuild;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

} // namespace

// What is accepted has a place to connect to without control characters, and a directory that does
// not lead out.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)percent_decode(text);
    for (const char c : percent_encode_foreign(text))
        require(c > ' ' && c < '\x7f');
    const auto url = parse_git_url(text);
    if (!url) return 0;
    require(is_git_context(text));
    require(!url->remote.empty() && !url->host.empty());
    for (const char c : url->remote)
        require(c > ' ' && c < '\x7f');
    // A name may begin with dots: `..x` leads nowhere else.
    require(!url->subdir.starts_with('/') && url->subdir != ".." &&
            !url->subdir.starts_with("../"));
    require(!url->ref.starts_with('-'));
    return 0;
}
