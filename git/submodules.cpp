#include "git/submodules.hpp"

#include "base/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace mybuild::git {
namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

/// Reads the file character by character, as its quotes and continuations ask for.
class Reader {
  public:
    explicit Reader(std::string_view text) : m_text(text) {
        if (m_text.starts_with("\xef\xbb\xbf")) m_text.remove_prefix(3);
    }

    Result<std::vector<Submodule>> read() {
        while (skip_to_line()) {
            TRY(m_text[m_at] == '[' ? read_section() : read_variable());
        }
        return std::move(m_found);
    }

  private:
    [[nodiscard]] bool at_end() const { return m_at >= m_text.size(); }

    /// To the next thing that is neither blank nor comment.
    bool skip_to_line() {
        while (!at_end()) {
            const char c = m_text[m_at];
            if (c == '#' || c == ';')
                m_at = std::min(m_text.find('\n', m_at), m_text.size());
            else if (c == '\n' || is_blank(c))
                ++m_at;
            else
                return true;
        }
        return false;
    }

    [[nodiscard]] tl::unexpected<Error> bad() const {
        const auto line =
            1 +
            std::count(m_text.begin(),
                       m_text.begin() + static_cast<std::ptrdiff_t>(std::min(m_at, m_text.size())),
                       '\n');
        return fail({ErrorCode::invalid, fmt::format(".gitmodules is malformed at line {}", line)});
    }

    Status read_section() {
        const auto end = m_text.find_first_of(" \t]\"\n", ++m_at);
        if (end == m_text.npos) return bad();
        const auto kind = lower(m_text.substr(m_at, end - m_at));
        m_at = end;
        while (!at_end() && is_blank(m_text[m_at]))
            ++m_at;
        std::string name;
        if (!at_end() && m_text[m_at] == '"') {
            for (++m_at; !at_end() && m_text[m_at] != '"'; ++m_at) {
                if (m_text[m_at] == '\n') return bad();
                if (m_text[m_at] == '\\') ++m_at;
                if (!at_end()) name += m_text[m_at];
            }
            ++m_at;
        }
        if (at_end() || m_text[m_at] != ']') return bad();
        ++m_at;
        m_section = nullptr;
        if (kind != "submodule" || name.empty()) return {};
        // A section may be written in several parts.
        const auto known = std::ranges::find(m_found, name, &Submodule::name);
        m_section = known != m_found.end() ? &*known : &m_found.emplace_back(Submodule{name});
        return {};
    }

    Status read_variable() {
        const auto begin = m_at;
        while (!at_end() &&
               (std::isalnum(static_cast<unsigned char>(m_text[m_at])) != 0 || m_text[m_at] == '-'))
            ++m_at;
        if (m_at == begin) return bad();
        const auto key = lower(m_text.substr(begin, m_at - begin));
        while (!at_end() && is_blank(m_text[m_at]))
            ++m_at;
        if (at_end() || m_text[m_at] == '\n' || m_text[m_at] == '#' || m_text[m_at] == ';')
            return {}; // a flag
        if (m_text[m_at] != '=') return bad();
        ++m_at;
        TRY_ASSIGN(auto value, read_value());
        if (m_section == nullptr) return {};
        if (key == "path")
            m_section->path = std::move(value);
        else if (key == "url")
            m_section->url = std::move(value);
        else if (key == "update")
            m_section->is_fetched = value != "none";
        return {};
    }

    Result<std::string> read_value() {
        while (!at_end() && is_blank(m_text[m_at]))
            ++m_at;
        std::string value;
        std::size_t kept = 0; // without blanks at the end, unless quoted
        bool quoted = false;
        for (; !at_end() && (m_text[m_at] != '\n'); ++m_at) {
            const char c = m_text[m_at];
            if (!quoted && (c == '#' || c == ';')) break;
            if (c == '"') {
                quoted = !quoted;
                kept = value.size();
                continue;
            }
            if (c == '\\') {
                TRY(read_escape(value));
            } else {
                value += c;
            }
            if (quoted || c == '\\' || !is_blank(c)) kept = value.size();
        }
        if (quoted) return bad();
        value.resize(kept);
        return value;
    }

    Status read_escape(std::string& value) {
        ++m_at;
        if (at_end()) return bad();
        switch (m_text[m_at]) {
        case '\n':
            return {};
        case 'n':
            value += '\n';
            return {};
        case 't':
            value += '\t';
            return {};
        case 'b':
            value += '\b';
            return {};
        case '"':
        case '\\':
            value += m_text[m_at];
            return {};
        default:
            return bad();
        }
    }

    std::string_view m_text;
    std::size_t m_at = 0;
    std::vector<Submodule> m_found;
    Submodule* m_section = nullptr;
};

} // namespace

Result<std::vector<Submodule>> parse_gitmodules(std::string_view text) {
    return Reader(text).read();
}

Result<std::string> submodule_url(std::string_view repository, std::string_view url) {
    const bool is_relative = url.starts_with("./") || url.starts_with("../");
    if (!is_relative) {
        const bool is_elsewhere = url.find("://") != url.npos || url.find('@') != url.npos;
        if (is_elsewhere && !lower(url).starts_with("file:")) return std::string(url);
        return fail(
            {ErrorCode::denied,
             fmt::format("a submodule has the URL {}, which is on this machine", printable(url)),
             {},
             "only repositories of servers are fetched; `?submodules=false` leaves "
             "submodules out"});
    }
    std::string base(repository);
    while (base.ends_with('/'))
        base.pop_back();
    const auto scheme = base.find("://");
    const auto host_end = scheme == std::string::npos
                              ? base.find(':')
                              : std::min(base.find('/', scheme + 3), base.size());
    while (url.starts_with("./") || url.starts_with("../")) {
        const bool up = url.starts_with("../");
        url.remove_prefix(up ? 3 : 2);
        if (!up) continue;
        const auto slash = base.rfind('/');
        if (slash != std::string::npos && slash >= host_end && slash > host_end)
            base.resize(slash);
        else
            base.resize(std::min(host_end + (scheme == std::string::npos ? 1 : 0), base.size()));
    }
    const bool needs_slash = !base.ends_with(':') && !base.ends_with('/');
    return base + (needs_slash ? "/" : "") + std::string(url);
}

} // namespace mybuild::git
