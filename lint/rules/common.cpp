#include "lint/rules/common.hpp"

#include "base/error_list.hpp"
#include "parser/text.hpp"

#include <algorithm>

namespace mybuild::lint {
namespace {

bool is_word_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || text::is_digit(c) || c == '_' ||
           c == '-' || (static_cast<unsigned char>(c) & 0x80U) != 0;
}

/// `path` is `directory` or below it.
bool is_below(std::string_view path, std::string_view directory) {
    while (directory.size() > 1 && directory.ends_with('/'))
        directory.remove_suffix(1);
    if (!path.starts_with(directory)) return false;
    return path.size() == directory.size() || path[directory.size()] == '/';
}

} // namespace

std::string_view keyword_of(const plan::Step& step) {
    const std::string_view text = step.instruction->text;
    return text.substr(0, text.find_first_of(" \t\v\f\r"));
}

std::uint32_t line_of(const Subject& subject, std::uint32_t offset) {
    return subject.file.source->position(offset).line;
}

Span find_word(const Subject& subject, Span within, std::string_view word) {
    const auto text = subject.file.source->slice(within);
    for (auto at = text.find(word); at != text.npos && !word.empty();
         at = text.find(word, at + 1)) {
        const auto end = at + word.size();
        if (at > 0 && is_word_byte(text[at - 1])) continue;
        if (end < text.size() && is_word_byte(text[end])) continue;
        const auto begin = within.begin + static_cast<std::uint32_t>(at);
        return {begin, begin + static_cast<std::uint32_t>(word.size())};
    }
    return within;
}

std::string with_replaced(const Subject& subject, const Instruction& instruction, Span part,
                          std::string_view by) {
    const auto& source = *subject.file.source;
    const auto whole = source.slice(instruction.span);
    // An instruction of several lines is told by the part alone.
    if (whole.find('\n') != whole.npos || part.begin < instruction.span.begin ||
        part.end > instruction.span.end)
        return std::string(by);
    std::string text(source.slice({instruction.span.begin, part.begin}));
    text.append(by).append(source.slice({part.end, instruction.span.end}));
    return std::string(text::trim_right(text));
}

std::string with_variable(const Subject& subject, const Instruction& instruction, Span part,
                          std::string_view name) {
    const auto written = subject.file.source->slice(part);
    if (!written.starts_with('$')) return std::string("$").append(name); // of a trigger
    const bool braced = written.starts_with("${");
    auto text =
        with_replaced(subject, instruction, part, std::string(braced ? "${" : "$").append(name));
    // Where an instruction is told by the part alone, nothing closes the brace.
    if (braced && text.find('}') == text.npos) text += '}';
    return text;
}

plan::GlobalScope global_scope(const Subject& subject, const plan::PlanOptions& options) {
    ErrorList errors;
    return plan::fold_global_args(subject.file, options, errors);
}

std::vector<bool> shipped_stages(const Subject& subject) {
    if (subject.graph == nullptr) return {};
    const auto& stages = subject.graph->stages;
    std::vector<bool> shipped(stages.size()), needed(stages.size());
    for (std::size_t stage = stages.size(); stage-- > 0;) {
        if (!needed[stage] || stage == subject.graph->target) shipped[stage] = true;
        for (const std::size_t below : stages[stage].needs)
            needed[below] = true;
        const auto* base = std::get_if<plan::FromStage>(&stages[stage].base);
        if (base != nullptr && shipped[stage]) shipped[base->index] = true;
    }
    return shipped;
}

std::vector<ShellCommand> commands_of_step(const plan::Step& step) {
    const auto* run = body_of<Run>(step);
    if (run == nullptr) return {};
    if (run->command.form == Form::shell && !step.config.shell.empty()) {
        const auto name = text::lower(step.config.shell.front());
        for (const std::string_view other : {"powershell", "pwsh", "cmd"})
            if (name.find(other) != name.npos) return {};
    }
    return commands_of(*run);
}

bool is_mounted(const plan::Step& step, std::string_view path) {
    const auto* op = std::get_if<plan::RunOp>(&step.op);
    if (op == nullptr) return false;
    return std::ranges::any_of(op->mounts, [&](const Mount& mount) {
        return !mount.target.empty() && is_below(path, mount.target);
    });
}

std::string quoted_value(std::string_view text, char escape, Dollars dollars) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == escape || (c == '$' && dollars == Dollars::literal)) out += escape;
        out += c;
    }
    return out + '"';
}

bool is_removed(const plan::Step& step, const std::vector<ShellCommand>& commands,
                std::string_view path) {
    // `rm -rf /var/lib/apt/lists/*` leaves the directory alone.
    const auto names_it = [&](std::string_view word) {
        const auto star = word.find('*');
        if (star != word.npos && !word.ends_with("/*")) return false;
        word = word.substr(0, star);
        return word.size() > 1 && word.starts_with('/') && is_below(path, word);
    };
    // /bin/sh of Debian and Alpine takes braces for a part of the name.
    const auto& shell = step.config.shell;
    const bool has_braces = !shell.empty() && shell.front().ends_with("bash");
    for (const ShellCommand& command : commands) {
        if (command.name() != "rm" && command.name() != "find") continue;
        for (const std::string& word : command.program().subspan(1)) {
            if (names_it(word)) return true;
            if (has_braces && std::ranges::any_of(expand_braces(word), names_it)) return true;
        }
    }
    return false;
}

} // namespace mybuild::lint
