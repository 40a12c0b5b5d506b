#include "parser/ignore.hpp"

#include <cstdlib>
#include <string>

// The first line is a path, the rest a .dockerignore. A walker must come to the same answer as a
// direct question, and nothing below a pruned directory may be kept.

using namespace mybuild;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto newline = text.find('\n');
    if (newline == std::string::npos) return 0;
    const auto path = text.substr(0, newline);
    if (path.empty() || path.front() == '/' || path.back() == '/' ||
        path.find("//") != std::string::npos)
        return 0;
    const auto rules = IgnoreRules::parse(
        std::make_shared<const Source>(".dockerignore", text.substr(newline + 1)));
    if (!rules) return 0;

    IgnoreRules::Verdict above;
    bool pruned = false, have_parent = false;
    for (std::size_t end = path.find('/');; end = path.find('/', end + 1)) {
        const auto part = path.substr(0, end);
        auto verdict = rules->judge(part, have_parent ? &above : nullptr);
        if (verdict.ignored != rules->ignored(part)) std::abort();
        if (pruned && !verdict.ignored) std::abort();
        pruned = pruned || verdict.prune;
        above = std::move(verdict);
        have_parent = true;
        if (end == std::string::npos) return 0;
    }
}
