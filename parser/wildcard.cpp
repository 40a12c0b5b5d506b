#include "parser/wildcard.hpp"

#include "parser/glob.hpp"

namespace mybuild {

Result<bool> wildcard_match(std::string_view pattern, std::string_view name) {
    TRY_ASSIGN(const auto glob, Glob::parse(pattern, Glob::Language::wildcard));
    return glob.matches(name);
}

Status check_wildcard(std::string_view pattern) {
    TRY(Glob::parse(pattern, Glob::Language::wildcard));
    return {};
}

bool has_wildcard(std::string_view pattern) {
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == '\\')
            ++i;
        else if (pattern[i] == '*' || pattern[i] == '?' || pattern[i] == '[')
            return true;
    }
    return false;
}

} // namespace mybuild
