#include "parser/suggest.hpp"

#include "parser/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace mybuild {
namespace {

constexpr std::size_t longest_mistyped = 64;

} // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
    // Rows of the usual table; a swap of neighbours looks two rows back.
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> candidates) {
    if (word.empty() || word.size() > longest_mistyped) return std::nullopt;
    const auto lower_word = text::lower(word);
    std::optional<std::string_view> best;
    // Two changes make nearly any short word into another.
    std::size_t limit = word.size() <= 3 ? 1 : 2;
    for (const auto candidate : candidates) {
        const auto distance = edit_distance(lower_word, text::lower(candidate));
        if (distance > limit || (best && distance == limit)) continue;
        best = candidate;
        limit = distance;
    }
    return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
    const auto near = nearest(word, candidates);
    return near ? fmt::format("did you mean {}?", *near) : std::string();
}

} // namespace mybuild
