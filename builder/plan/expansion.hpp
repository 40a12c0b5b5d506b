#pragma once

#include "base/result.hpp"
#include "builder/plan/unset_variable.hpp"
#include "parser/ast.hpp"
#include "parser/words.hpp"

#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild::plan {

/// Where `$name` or `${name` stands in `word`; the word's own span where that cannot be told.
[[nodiscard]] Span variable_span(const Source& source, const Word& word, std::string_view name);

/// What the user may have meant by a name that is not set.
struct Guess {
    std::string near; ///< a name that is set; may be empty
    std::string hint;
};

/// Expands the words of one instruction: errors come out located, and names that are not set are
/// noted, each once.
class Expander {
  public:
    /// Tells a name that was found unset from one that is declared without a value (true).
    using IsDeclared = std::function<bool(std::string_view name)>;
    using GuessFor = std::function<Guess(std::string_view name)>;

    /// Everything is borrowed for the life of the object.
    Expander(const Dockerfile& file, VariableLookup lookup, IsDeclared declared, GuessFor guess,
             std::vector<UnsetVariable>& unset);

    Result<std::string> word(const Word& word);
    /// Split at blanks. Names that are not set are not noted here (EXPOSE).
    Result<std::vector<std::string>> words(const Word& word);
    /// What becomes of a body that obeys expand_heredoc().
    Result<std::string> heredoc(const Heredoc& heredoc);
    /// `raw`, a part of what is written as `word`.
    Result<std::string> part(std::string_view raw, const Word& word);

  private:
    void note(const UnsetNames& names, const Word& word);

    const Dockerfile& m_file;
    VariableLookup m_lookup;
    IsDeclared m_declared;
    GuessFor m_guess;
    std::vector<UnsetVariable>& m_unset;
    std::set<std::string, std::less<>> m_noted;
};

} // namespace mybuild::plan
