#include "lint/shell.hpp"

#include "parser/text.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace mybuild::lint {
namespace {

constexpr std::array<std::string_view, 9> keywords{"if",    "then",  "else", "elif", "do",
                                                   "while", "until", "!",    "{"};
constexpr std::array<std::string_view, 8> starters{"sudo",    "env",  "exec",  "time",
                                                   "command", "nice", "nohup", "eatmydata"};

template <class List>
bool among(const List& list, std::string_view word) {
    return std::ranges::find(list, word) != list.end();
}

bool is_assignment(std::string_view word) {
    const auto equals = word.find('=');
    if (equals == word.npos || equals == 0 || text::is_digit(word.front())) return false;
    return std::ranges::all_of(word.substr(0, equals), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || text::is_digit(c) || c == '_';
    });
}

/// Reads a text once from left to right.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : m_rest(text) {}

    std::vector<ShellCommand> run() && {
        while (!m_rest.empty())
            step();
        end_command();
        return std::move(m_commands);
    }

  private:
    void step() {
        const char c = m_rest.front();
        if (c == '\\') {
            escape();
        } else if (c == '\'') {
            quoted('\'');
        } else if (c == '"') {
            quoted('"');
        } else if (c == '`') {
            m_has_word = true;
            take_through('`');
        } else if (m_rest.starts_with("$(") || m_rest.starts_with("${")) {
            substitution();
        } else if (c == '#' && !m_has_word) {
            m_rest.remove_prefix(std::min(m_rest.find('\n'), m_rest.size()));
        } else if (c == ' ' || c == '\t' || c == '\r') {
            m_rest.remove_prefix(1);
            end_word();
        } else if (separates()) {
            m_rest.remove_prefix(1);
            end_command();
        } else {
            keep(1);
        }
    }

    /// `&` in `2>&1` and `&>` redirects; elsewhere it separates.
    [[nodiscard]] bool separates() const {
        const char c = m_rest.front();
        if (c == '&') return !m_word.ends_with('>') && !m_rest.starts_with("&>");
        return c == ';' || c == '|' || c == '\n' || c == '(' || c == ')';
    }
    void keep(std::size_t length) {
        m_word += m_rest.substr(0, length);
        m_rest.remove_prefix(std::min(length, m_rest.size()));
        m_has_word = true;
    }
    void escape() {
        m_rest.remove_prefix(1);
        if (m_rest.starts_with('\n'))
            m_rest.remove_prefix(1);
        else if (!m_rest.empty())
            keep(1);
    }
    void quoted(char quote) {
        m_rest.remove_prefix(1);
        m_has_word = true;
        while (!m_rest.empty() && m_rest.front() != quote) {
            if (quote == '"' && m_rest.front() == '\\') m_rest.remove_prefix(1);
            keep(1);
        }
        if (!m_rest.empty()) m_rest.remove_prefix(1);
    }
    void take_through(char end) {
        const auto at = m_rest.find(end, 1);
        keep(at == m_rest.npos ? m_rest.size() : at + 1);
    }
    /// `$(…)` or `${…}` with what is nested in it.
    void substitution() {
        const char open = m_rest[1];
        const char close = open == '(' ? ')' : '}';
        std::size_t length = 2;
        for (std::size_t depth = 1; length < m_rest.size() && depth > 0; ++length) {
            if (m_rest[length] == open) ++depth;
            if (m_rest[length] == close) --depth;
        }
        keep(length);
    }
    void end_word() {
        if (m_has_word) m_words.push_back(std::move(m_word));
        m_word.clear();
        m_has_word = false;
    }
    void end_command() {
        end_word();
        if (!m_words.empty()) m_commands.push_back({std::move(m_words)});
        m_words.clear();
    }

    std::string_view m_rest;
    std::string m_word;
    bool m_has_word = false;
    std::vector<std::string> m_words;
    std::vector<ShellCommand> m_commands;
};

std::string_view base_name(std::string_view path) {
    const auto slash = path.rfind('/');
    return slash == path.npos ? path : path.substr(slash + 1);
}

bool is_shell(std::string_view name) {
    constexpr std::array<std::string_view, 5> shells{"sh", "bash", "ash", "dash", "zsh"};
    return among(shells, name);
}

/// The text of `sh -c TEXT`, if that is what the command is.
const std::string* text_for_shell(const ShellCommand& command) {
    const auto words = command.program();
    if (!is_shell(command.name())) return nullptr;
    for (std::size_t i = 1; i + 1 < words.size(); ++i)
        if (words[i].starts_with('-') && !words[i].starts_with("--") && words[i].ends_with('c'))
            return &words[i + 1];
    return nullptr;
}

/// `bash -e <<EOF`: a shell with options only, which reads its commands from a heredoc.
bool reads_heredoc(const ShellCommand& command) {
    const auto words = command.program();
    return is_shell(command.name()) && words.back().starts_with("<<") &&
           std::ranges::all_of(words.subspan(1), [](std::string_view word) {
               return word.starts_with('-') || word.starts_with("<<");
           });
}

/// The commands, and those of texts that they give to a shell.
std::vector<ShellCommand> with_nested(std::vector<ShellCommand> commands) {
    std::vector<ShellCommand> all;
    for (auto& command : commands) {
        const auto* text = text_for_shell(command);
        auto inner = text != nullptr ? shell_commands(*text) : std::vector<ShellCommand>();
        all.push_back(std::move(command));
        std::ranges::move(inner, std::back_inserter(all));
    }
    return all;
}

/// Puts the alternatives of the first `{…}` in the word in its place.
std::vector<std::string> alternatives(const std::string& word) {
    const auto open = word.find('{');
    const auto close = word.find('}', open);
    if (close == word.npos || (open > 0 && word[open - 1] == '$')) return {};
    const std::string_view inside(word.data() + open + 1, close - open - 1);
    if (inside.find(',') == inside.npos || inside.find('{') != inside.npos) return {};
    std::vector<std::string> words;
    for (std::size_t begin = 0; begin <= inside.size();) {
        const auto end = std::min(inside.find(',', begin), inside.size());
        words.push_back(word.substr(0, open) + std::string(inside.substr(begin, end - begin)) +
                        word.substr(close + 1));
        begin = end + 1;
    }
    return words;
}

} // namespace

std::span<const std::string> ShellCommand::program() const {
    std::span<const std::string> rest(words);
    bool started = false;
    while (!rest.empty()) {
        const std::string_view word = rest.front();
        const bool starter = among(starters, word);
        const bool option = started && word.starts_with('-');
        if (!is_assignment(word) && !starter && !option && !among(keywords, word)) break;
        started = started || starter;
        rest = rest.subspan(1);
    }
    return rest;
}

std::string_view ShellCommand::name() const {
    const auto rest = program();
    return rest.empty() ? std::string_view() : base_name(rest.front());
}

std::string_view ShellCommand::verb() const {
    // Options of package managers whose value is a word of its own.
    constexpr std::array<std::string_view, 7> with_value{
        "-o", "--option", "-c", "-t", "--target-release", "--prefix", "--releasever"};
    auto rest = program();
    for (std::size_t i = 1; i < rest.size(); ++i) {
        if (!rest[i].starts_with('-')) return rest[i];
        if (among(with_value, rest[i])) ++i;
    }
    return {};
}

bool ShellCommand::has_word(std::string_view word) const {
    return among(words, word);
}

std::vector<ShellCommand> shell_commands(std::string_view text) {
    return Scanner(text).run();
}

std::vector<ShellCommand> commands_of(const Run& run) {
    if (run.command.args.empty()) return {};
    if (run.command.form == Form::exec) return with_nested({ShellCommand{run.command.args}});
    std::string_view text = run.command.args.front();
    if (!run.heredocs.empty() && !run.is_script) text = text.substr(0, text.find('\n'));
    if (run.is_script && text.starts_with("#!") &&
        text.substr(0, text.find('\n')).find("sh") == text.npos)
        return {}; // a script of another language
    auto commands = with_nested(shell_commands(text));
    if (!run.is_script && run.heredocs.size() == 1 && std::ranges::any_of(commands, reads_heredoc))
        std::ranges::move(shell_commands(run.heredocs.front().content()),
                          std::back_inserter(commands));
    return commands;
}

std::vector<std::string> expand_braces(std::string_view word) {
    constexpr std::size_t most_words = 64;
    std::vector<std::string> done, left{std::string(word)};
    while (!left.empty() && done.size() + left.size() < most_words) {
        auto next = std::move(left.back());
        left.pop_back();
        auto words = alternatives(next);
        if (words.empty()) done.push_back(std::move(next));
        std::ranges::move(words, std::back_inserter(left));
    }
    return done;
}

} // namespace mybuild::lint
