#include "parser/lines.hpp"

#include <cstdlib>

// Splitting any bytes: every line's text must be found again through its offset map, and no line
// may begin before the one above it ends.

using namespace mybuild;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const char escape = (data[0] & 1U) != 0 ? '`' : '\\';
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    LineReader reader(text, 0, escape, 200);
    LogicalLine line;
    std::uint32_t end = 0;
    while (reader.next(line)) {
        if (line.span.begin < end || line.span.end < line.span.begin || line.span.end > text.size())
            std::abort();
        end = line.span.end;
        for (std::size_t i = 0; i < line.text.size(); ++i) {
            const auto span = line.map.span(i, i + 1);
            if (span.end != span.begin + 1 || text[span.begin] != line.text[i]) std::abort();
        }
        const auto heredoc = line.text.find("<<");
        if (heredoc == std::string::npos) continue;
        if (const auto body = reader.heredoc(line.text.substr(heredoc + 2), true)) end = body->end;
    }
    return 0;
}
