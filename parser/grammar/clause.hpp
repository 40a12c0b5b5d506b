#pragma once

#include "base/result.hpp"
#include "parser/ast.hpp"
#include "parser/grammar/shapes.hpp"
#include "parser/lines.hpp"

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild::grammar {

/// One instruction on its way from text to tree: its parts, and how to point at them. All views are
/// parts of `line.text`.
struct Clause {
    const LogicalLine& line;
    const std::shared_ptr<const Source>& source; ///< null: the text stands in no file
    char escape;
    std::vector<Error>& warnings;
    std::string keyword; ///< in upper case
    Head head;
    std::vector<Heredoc> heredocs = {};

    [[nodiscard]] std::string_view arguments() const { return head.arguments; }
    [[nodiscard]] Span span(std::string_view part) const;
    [[nodiscard]] Word word(std::string_view part) const { return {std::string(part), span(part)}; }
    /// What to point at when something is missing: the arguments, or the keyword if there are none.
    [[nodiscard]] std::string_view whole() const;

    /// The text has not the form it needs; BuildKit finds these in every line before it looks at
    /// what instructions mean.
    [[nodiscard]] Error malformed(std::string message, std::string_view where,
                                  std::string hint = {}) const;
    /// The form is right, but the instruction does not take this.
    [[nodiscard]] Error invalid(std::string message, std::string_view where,
                                std::string hint = {}) const;
    [[nodiscard]] Error invalid(std::string message, Span where, std::string hint = {}) const;
    void warn(std::string message, std::string_view where, std::string hint = {}) const;

  private:
    [[nodiscard]] Error error(ErrorCode code, std::string message, Span where,
                              std::string hint) const;
};

enum class FlagKind : std::uint8_t { text, boolean, repeated };

struct FlagRule {
    std::string_view name; ///< without the dashes
    FlagKind kind;
};

/// The flags of one instruction, checked against those it knows (dockerfile-language.md, 2.6).
class FlagValues {
  public:
    static Result<FlagValues> read(const Clause& clause, std::initializer_list<FlagRule> rules);

    /// Unset when the flag is not there or has an empty value.
    [[nodiscard]] std::optional<Word> text(std::string_view name) const;
    [[nodiscard]] std::optional<bool> boolean(std::string_view name) const;
    [[nodiscard]] std::vector<Word> all(std::string_view name) const;

  private:
    struct Given {
        std::string_view name;
        Word value;
    };
    std::vector<Given> m_given;
};

/// For instructions that have no flags.
[[nodiscard]] Status no_flags(const Clause& clause);
/// For those where other builders drop flags unseen: a warning.
void warn_of_flags(const Clause& clause);

/// The items, if the text is a JSON array; an error where one of them is no string; else nothing,
/// with a warning where it nearly is an array.
[[nodiscard]] Result<std::optional<std::vector<Word>>> json_items(const Clause& clause,
                                                                  std::string_view text);
/// A JSON array, or the text as it is.
[[nodiscard]] Result<CommandLine> command_line(const Clause& clause, std::string_view text);
/// The text followed by the heredocs' bodies and end lines, as a shell or another parse reads it.
[[nodiscard]] std::string with_heredocs(std::string_view text,
                                        const std::vector<Heredoc>& heredocs);
/// All of `parts` as words.
[[nodiscard]] std::vector<Word> words(const Clause& clause,
                                      const std::vector<std::string_view>& parts);

// One function for each family of instructions; clause.keyword is one of them.
[[nodiscard]] Result<InstructionBody> build_from(const Clause& clause);
[[nodiscard]] Result<InstructionBody> build_run(const Clause& clause);
[[nodiscard]] Result<InstructionBody> build_copy(const Clause& clause);
[[nodiscard]] Result<InstructionBody> build_add(const Clause& clause);
[[nodiscard]] Result<InstructionBody> build_healthcheck(const Clause& clause);
[[nodiscard]] Result<InstructionBody> build_meta(const Clause& clause);

} // namespace mybuild::grammar
