#include "cache/layers/pending_components.hpp"

#include <algorithm>
#include <vector>

namespace mybuild {

void push_front(std::deque<std::string>& pending, std::string_view path) {
    std::vector<std::string> parts;
    while (!path.empty()) {
        const auto part = path.substr(0, path.find('/'));
        if (!part.empty() && part != ".") parts.emplace_back(part);
        path.remove_prefix(std::min(path.size(), part.size() + 1));
    }
    pending.insert(pending.begin(), parts.begin(), parts.end());
}

} // namespace mybuild
