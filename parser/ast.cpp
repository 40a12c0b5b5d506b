#include "parser/ast.hpp"

namespace mybuild {

std::string Heredoc::content() const {
    if (!strip_tabs) return body;
    std::string out;
    out.reserve(body.size());
    bool line_start = true;
    for (const char c : body) {
        if (line_start && c == '\t') continue;
        out += c;
        line_start = c == '\n';
    }
    return out;
}

} // namespace mybuild
