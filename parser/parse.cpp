#include "parser/parse.hpp"

#include "base/error_list.hpp"
#include "parser/grammar/directives.hpp"
#include "parser/grammar/instruction.hpp"
#include "parser/grammar/unterminated.hpp"
#include "parser/lines.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace mybuild {
namespace {

using grammar::Clause;

// More errors than anyone counts: binary noise has one on every line.
constexpr std::size_t most_errors = 1000;
constexpr std::size_t largest_file = std::size_t{256} << 20U;

/// What looks like a heredoc and is none, so that its body is read as instructions.
struct MissedHeredoc {
    std::string reason;
    std::string name;
    bool reported = false;
};

/// Turns lines into instructions; what they mean together is up to the caller.
class InstructionReader {
  public:
    InstructionReader(LineReader& lines, std::shared_ptr<const Source> source, char escape,
                      std::vector<Error>& warnings)
        : m_lines(lines), m_source(std::move(source)), m_escape(escape), m_warnings(warnings) {}

    /// Reads the line that LineReader::next has given, and the heredocs after it.
    Result<Instruction> read(LogicalLine& line) {
        auto clause = grammar::read_clause(line, m_source, m_escape, m_warnings);
        TRY(read_heredocs(clause, line));
        TRY_ASSIGN(auto body, grammar::build_body(clause));
        return Instruction{std::move(body),
                           clause.keyword,
                           std::string(text::trim(line.text)),
                           line.span,
                           clause.span(clause.head.keyword),
                           std::move(line.comments),
                           m_source ? std::move(line.empty_lines) : std::vector<Span>()};
    }

    /// A heredoc without an end has taken everything below it.
    [[nodiscard]] bool lost_rest() const { return m_lost_rest; }

    /// Of the line read last.
    std::optional<MissedHeredoc> take_missed() { return std::exchange(m_missed, std::nullopt); }

  private:
    /// Bodies are taken before anything else is looked at, so that an error in the instruction does
    /// not turn its heredocs into instructions.
    Status read_heredocs(Clause& clause, LogicalLine& line) {
        if (line.text.find("<<") == std::string::npos || !grammar::takes_heredocs(clause))
            return {};
        auto openers = grammar::find_openers(line.text);
        if (!openers.trouble.empty()) {
            clause.warn(fmt::format("what looks like a heredoc is none: {}", openers.trouble),
                        openers.culprit, "if one is meant, change that part");
            m_missed = MissedHeredoc{std::move(openers.trouble), std::string(openers.looks_like)};
        }
        for (auto& opener : openers.found) {
            const auto rest = m_lines.rest();
            const auto body = m_lines.heredoc(opener.name, opener.strip_tabs);
            if (!body && m_lines.overlong()) return {}; // which is reported in the end
            if (!body) {
                m_lost_rest = true;
                return fail(grammar::unterminated_heredoc(clause, opener, rest));
            }
            clause.heredocs.push_back({std::move(opener.name), opener.expand, opener.strip_tabs,
                                       opener.fd, std::string(body->text),
                                       clause.span(opener.written),
                                       m_source ? body->span : clause.span(opener.written)});
            line.span.end = body->end;
        }
        return {};
    }

    LineReader& m_lines;
    std::shared_ptr<const Source> m_source;
    char m_escape;
    std::vector<Error>& m_warnings;
    bool m_lost_rest = false;
    std::optional<MissedHeredoc> m_missed;
};

/// Reads a whole file and sorts its instructions into stages.
class FileParser {
  public:
    FileParser(std::shared_ptr<const Source> source, const ParseOptions& options)
        : m_source(std::move(source)), m_options(options) {
        m_outcome.file.source = m_source;
    }

    ParseOutcome run() && {
        m_outcome.stages_known = check_bytes();
        if (!m_outcome.stages_known) return std::move(m_outcome);
        auto zone = grammar::read_directives(m_source);
        m_outcome.file.directives = std::move(zone.directives);
        m_outcome.errors = std::move(zone.errors);
        m_outcome.stages_known = m_outcome.errors.empty();
        warn_of_frontend();

        LineReader lines(m_source->text(), zone.end, m_outcome.file.directives.escape,
                         m_options.line_bytes);
        read_instructions(lines);
        warn_of_long_line(lines);
        if (const auto& overlong = lines.overlong()) {
            m_outcome.stages_known = false;
            report(ErrorCode::syntax,
                   fmt::format("dockerfile line greater than max allowed size of {}",
                               m_options.line_bytes),
                   *overlong, "split it into several lines");
        } else if (m_outcome.errors.empty()) {
            check_complete();
        }
        std::stable_sort(m_outcome.warnings.begin(), m_outcome.warnings.end(),
                         [](const Error& a, const Error& b) {
                             return a.where->span.begin < b.where->span.begin;
                         });
        return std::move(m_outcome);
    }

  private:
    void report(ErrorCode code, std::string message, Span where, std::string hint) {
        m_outcome.errors.push_back(
            Error{code, std::move(message), SourceLocation{m_source, where}, std::move(hint)});
    }

    /// False when this cannot be a Dockerfile at all.
    bool check_bytes() {
        const auto text = m_source->text();
        if (text.empty()) {
            report(ErrorCode::syntax, "the Dockerfile cannot be empty", {},
                   "begin it with FROM and the name of an image, or FROM scratch");
            return false;
        }
        if (text.size() > largest_file) {
            report(ErrorCode::syntax,
                   fmt::format("the Dockerfile has {} bytes, more than the {} allowed", text.size(),
                               largest_file),
                   {}, "is it the right file?");
            return false;
        }
        const auto nul = text.find('\0');
        if (nul == std::string_view::npos) return true;
        const auto at = static_cast<std::uint32_t>(nul);
        const bool utf16 = text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
        report(ErrorCode::syntax, "the Dockerfile contains a NUL byte", {at, at + 1},
               utf16 ? "it seems to be UTF-16: save it as UTF-8"
                     : "it is not a text file: is it the right one?");
        return false;
    }

    /// The language of Docker's own frontends is built in; another one would be a program to run.
    static bool is_built_in(std::string_view frontend) {
        for (const std::string_view registry : {"docker.io/", "index.docker.io/"})
            if (frontend.starts_with(registry)) frontend.remove_prefix(registry.size());
        return frontend.starts_with("docker/dockerfile") || frontend == "dockerfile.v0";
    }

    void warn_of_frontend() {
        const auto& syntax = m_outcome.file.directives.syntax;
        const bool given = m_options.frontend && !m_options.frontend->empty();
        if (!given && !syntax) return;
        const auto& name = given ? *m_options.frontend : syntax->text;
        if (is_built_in(name)) return;
        Error warning{ErrorCode::unsupported,
                      fmt::format("the frontend {} is not used: the language is read here",
                                  text::shortened(name))};
        warning.hint = fmt::format("remove {} if the file needs no extension of that frontend",
                                   given ? "--build-arg BUILDKIT_SYNTAX" : "the directive");
        // Not of the file, but warnings are sorted by their places.
        warning.where = SourceLocation{m_source, given ? Span{} : syntax->span};
        m_outcome.warnings.push_back(std::move(warning));
    }

    void warn_of_long_line(const LineReader& lines) {
        if (!lines.longer_than_docker()) return;
        Error warning{ErrorCode::invalid,
                      fmt::format("a line of more than {} bytes", LineReader::docker_line_limit),
                      SourceLocation{m_source, *lines.longer_than_docker()},
                      "docker refuses the file: split the line"};
        m_outcome.warnings.push_back(std::move(warning));
    }

    void read_instructions(LineReader& lines) {
        InstructionReader reader(lines, m_source, m_outcome.file.directives.escape,
                                 m_outcome.warnings);
        LogicalLine line;
        while (lines.next(line)) {
            auto instruction = reader.read(line);
            if (auto missed = reader.take_missed())
                m_missed = std::move(missed);
            else if (instruction)
                m_missed.reset();
            if (instruction) {
                place(std::move(*instruction));
                continue;
            }
            if (is_of_missed_body(line, instruction.error())) continue;
            if (!is_below_stages(line) || reader.lost_rest()) m_outcome.stages_known = false;
            if (m_outcome.errors.size() >= most_errors) {
                report(ErrorCode::syntax, "too many errors: the rest is not read", line.span,
                       "is it a Dockerfile?");
                return;
            }
            for (auto& error : separated(std::move(instruction).error()))
                m_outcome.errors.push_back(std::move(error));
        }
    }

    /// Whether the line is no instruction because it was meant for the body of a heredoc, which has
    /// been told already. Adds that to the first such error.
    bool is_of_missed_body(const LogicalLine& line, Error& error) {
        if (!m_missed || grammar::is_instruction(keyword(line))) return false;
        const bool told = std::exchange(m_missed->reported, true);
        if (!told) {
            error.notes.push_back("the line above opens no heredoc: " + m_missed->reason);
            error.hint = fmt::format("change that, so that all up to {} is its body",
                                     text::shortened(m_missed->name));
        }
        if (line.text == m_missed->name) m_missed.reset();
        return told;
    }

    static std::string keyword(const LogicalLine& line) {
        return text::upper(
            std::string_view(line.text).substr(0, line.text.find_first_of(" \t\v\f\r")));
    }

    /// Whether the instruction, whatever is wrong with it, cannot be a FROM or belong to all
    /// stages.
    [[nodiscard]] bool is_below_stages(const LogicalLine& line) const {
        const auto word = keyword(line);
        if (word == "FROM" || !grammar::is_instruction(word)) return false;
        return word != "ARG" || !m_outcome.file.stages.empty();
    }

    void place(Instruction instruction) {
        auto& file = m_outcome.file;
        if (std::holds_alternative<From>(instruction.body)) {
            file.stages.push_back({std::move(instruction), {}});
        } else if (!file.stages.empty()) {
            file.stages.back().instructions.push_back(std::move(instruction));
        } else if (std::holds_alternative<Arg>(instruction.body)) {
            file.global_args.push_back(std::move(instruction));
        } else if (m_outcome.errors.empty()) {
            // After another error this one may be its consequence: of a FROM that is misspelt, say.
            report(ErrorCode::invalid, "no build stage in current context",
                   instruction.keyword_span,
                   fmt::format("put a FROM before it: only ARG can stand there, not {}",
                               instruction.keyword));
        }
    }

    void check_complete() {
        const auto& file = m_outcome.file;
        if (!file.stages.empty()) return;
        const auto end = static_cast<std::uint32_t>(m_source->text().size());
        if (file.global_args.empty()) {
            report(ErrorCode::syntax, "file with no instructions", {},
                   "it has only comments and blank lines; begin with FROM");
        } else {
            report(ErrorCode::invalid, "dockerfile contains no stages to build", {end, end},
                   "add a FROM after the ARG lines");
        }
    }

    std::shared_ptr<const Source> m_source;
    ParseOptions m_options;
    ParseOutcome m_outcome;
    std::optional<MissedHeredoc> m_missed;
};

} // namespace

ParseOutcome parse_dockerfile(std::shared_ptr<const Source> source, const ParseOptions& options) {
    return FileParser(std::move(source), options).run();
}

Result<Instruction> parse_instruction_text(std::string_view text, Span where) {
    const auto named = [&](Error error) {
        return std::move(error).in(
            fmt::format("ONBUILD trigger {}", text::quoted(text.substr(0, text.find('\n')))));
    };
    if (text.size() > largest_file || text.find('\0') != std::string_view::npos)
        return fail(named(Error{ErrorCode::syntax, "not an instruction"}));

    LineReader lines(text, 0, '\\', std::numeric_limits<std::size_t>::max());
    LogicalLine line;
    if (!lines.next(line)) return fail(named(Error{ErrorCode::syntax, "it is empty"}));
    std::vector<Error> warnings;
    line.map = OffsetMap::fixed(where);
    auto instruction = InstructionReader(lines, nullptr, '\\', warnings).read(line);
    if (!instruction) return fail(named(std::move(instruction).error()));
    if (lines.next(line)) {
        return fail(
            named(Error{ErrorCode::invalid, "onbuild trigger should be a single expression"}));
    }
    instruction->span = where;
    return instruction;
}

} // namespace mybuild
