#include "builder/plan/contexts.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace mybuild;

// Every name that is accepted is found again, and it replaces nothing but itself.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto context = plan::parse_named_context(text);
    if (!context) return 0;
    const auto& [name, spec] = *context;
    if (name == "scratch" || name == "context") std::abort();
    const bool has_image = spec.image.has_value();
    if (has_image != (spec.kind == plan::ContextSpec::Kind::image)) std::abort();
    const plan::NamedContexts contexts{*context};
    const auto plain = name.substr(0, name.find("::"));
    const auto mark = name.find("::");
    auto platform = oci::parse_platform(mark == name.npos ? "linux/amd64" : name.substr(mark + 2));
    if (!platform || plan::find_context(contexts, plain, *platform) == contexts.end()) std::abort();
    return 0;
}
