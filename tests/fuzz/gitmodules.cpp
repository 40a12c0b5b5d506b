#include "git/submodules.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace mybuild;

// Whatever a repository calls its submodules, none of their URLs is a path of this machine.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto submodules = git::parse_gitmodules(text);
    if (!submodules) return 0;
    for (const auto& submodule : *submodules) {
        for (const auto* repository : {"https://h/a/r.git", "h:a/r.git"}) {
            const auto url = git::submodule_url(repository, submodule.url);
            if (url && (url->starts_with('/') || url->starts_with("file:"))) std::abort();
        }
    }
    return 0;
}
