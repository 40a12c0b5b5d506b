#include "parser/words.hpp"

#include "parser/chmod.hpp"
#include "parser/duration.hpp"
#include "parser/mount.hpp"
#include "parser/ports.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

// Expansion of any word, and the small grammars that its result is given to.

using namespace mybuild;

namespace {

/// Splitting into words drops blanks and nothing else. (Beyond ASCII, pieces may join to a blank.)
void check_same_text(std::string_view word, std::string text,
                     const std::vector<std::string>& words) {
    if (std::any_of(word.begin(), word.end(), [](char c) { return (c & 0x80) != 0; })) return;
    std::string joined;
    for (const auto& one : words)
        joined += one;
    const auto blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
    std::erase_if(text, blank);
    std::erase_if(joined, blank);
    if (text != joined) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view word(reinterpret_cast<const char*>(data), size);
    const VariableLookup lookup = [](std::string_view name) -> std::optional<std::string> {
        if (name == "a") return "a*b/c d";
        if (name == "e") return "";
        if (name.size() == 1) return std::string(name) + name.front();
        return std::nullopt;
    };
    UnsetNames unset;
    const auto text = expand(word, lookup, '\\', &unset);
    const auto words = expand_words(word, lookup, '`');
    const auto body = expand_heredoc(word, lookup);
    const auto same_words = expand_words(word, lookup);
    if (text.has_value() != same_words.has_value()) std::abort();
    if (text) check_same_text(word, *text, *same_words);

    if (const auto duration = parse_duration(word)) {
        const auto again = parse_duration(format_duration(*duration));
        if (!again || *again != *duration) std::abort();
    }
    if (const auto ports = parse_ports(word); ports && ports->first > ports->last) std::abort();
    if (const auto chmod = Chmod::parse(word); chmod && chmod->apply(0644, false) > 07777)
        std::abort();
    const auto raw = [](std::string_view value) -> Result<std::string> {
        return std::string(value);
    };
    if (parse_mount(word, raw) && !mount_from(word) && word.find('$') == std::string_view::npos)
        std::abort();
    return 0;
}
