#include "parser/grammar/instruction.hpp"

#include "base/error_list.hpp"
#include "parser/grammar/context.hpp"
#include "parser/grammar/unknown.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mybuild::grammar {
namespace {

using Builder = Result<InstructionBody> (*)(const Clause&);

Result<InstructionBody> build_onbuild(const Clause& clause);

struct Known {
    std::string_view keyword;
    Builder build;
    bool heredocs = false;
};

// In the order in which suggestions are made.
constexpr std::array known_instructions{
    Known{"FROM", build_from},       Known{"RUN", build_run, true},
    Known{"COPY", build_copy, true}, Known{"ADD", build_add, true},
    Known{"ENV", build_meta},        Known{"ARG", build_meta},
    Known{"WORKDIR", build_meta},    Known{"CMD", build_meta},
    Known{"ENTRYPOINT", build_meta}, Known{"EXPOSE", build_meta},
    Known{"USER", build_meta},       Known{"VOLUME", build_meta},
    Known{"LABEL", build_meta},      Known{"SHELL", build_meta},
    Known{"STOPSIGNAL", build_meta}, Known{"HEALTHCHECK", build_healthcheck},
    Known{"ONBUILD", build_onbuild}, Known{"MAINTAINER", build_meta},
};

struct KeywordTable : x3::symbols<const Known*> {
    KeywordTable() {
        for (const auto& known : known_instructions)
            add(text::lower(known.keyword), &known);
    }
};

const Known* find(std::string_view written) {
    static const KeywordTable table;
    const Known* known = nullptr;
    auto at = written.data();
    const auto end = at + written.size();
    return x3::parse(at, end, x3::no_case[table] >> x3::eoi, known) ? known : nullptr;
}

std::array<std::string_view, known_instructions.size()> names() {
    std::array<std::string_view, known_instructions.size()> out;
    std::transform(known_instructions.begin(), known_instructions.end(), out.begin(),
                   [](const Known& known) { return known.keyword; });
    return out;
}

/// The line of a trigger, seen as a clause of its own.
Clause inner_clause(const Clause& clause) {
    auto head = split_head(clause.arguments(), clause.escape);
    auto keyword = text::upper(head.keyword);
    return Clause{clause.line,        clause.source,   clause.escape,  clause.warnings,
                  std::move(keyword), std::move(head), clause.heredocs};
}

/// Puts a trigger that other builders accept until it is run among the warnings.
Status tolerate(const Clause& clause, Error error) {
    if (error.code == ErrorCode::syntax) return fail(std::move(error));
    for (auto& one : separated(std::move(error))) {
        one.notes.push_back("it is stored all the same, and fails in builds on top of this image");
        clause.warnings.push_back(std::move(one));
    }
    return {};
}

Result<InstructionBody> build_onbuild(const Clause& clause) {
    TRY(no_flags(clause));
    if (clause.arguments().empty()) {
        return fail(clause.invalid("ONBUILD requires at least one argument", clause.whole(),
                                   "write an instruction after it"));
    }
    const auto inner = inner_clause(clause);
    if (inner.keyword == "ONBUILD") {
        return fail(clause.invalid("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed",
                                   inner.head.keyword, "remove one ONBUILD"));
    }
    if (inner.keyword == "FROM" || inner.keyword == "MAINTAINER") {
        return fail(
            clause.invalid(fmt::format("{} isn't allowed as an ONBUILD trigger", inner.keyword),
                           inner.head.keyword, "remove the line"));
    }
    Onbuild onbuild{with_heredocs(clause.arguments(), clause.heredocs), nullptr};
    auto body = build_body(inner);
    if (!body) {
        TRY(tolerate(clause, std::move(body).error()));
        return onbuild;
    }
    auto span = clause.span(clause.arguments());
    if (!clause.heredocs.empty()) span.end = clause.heredocs.back().body_span.end;
    onbuild.trigger =
        std::make_shared<const Instruction>(Instruction{std::move(*body),
                                                        inner.keyword,
                                                        std::string(clause.arguments()),
                                                        span,
                                                        clause.span(inner.head.keyword),
                                                        {}});
    return onbuild;
}

} // namespace

Clause read_clause(const LogicalLine& line, const std::shared_ptr<const Source>& source,
                   char escape, std::vector<Error>& warnings) {
    auto head = split_head(line.text, escape);
    auto keyword = text::upper(head.keyword);
    return Clause{line, source, escape, warnings, std::move(keyword), std::move(head)};
}

bool is_instruction(std::string_view keyword) {
    return find(keyword) != nullptr;
}

bool takes_heredocs(const Clause& clause) {
    const auto* const known = find(clause.keyword);
    if (!known) return false;
    if (known->heredocs) return !parse_json_array(clause.arguments());
    if (clause.keyword != "ONBUILD" || clause.arguments().empty()) return false;
    const auto inner = inner_clause(clause);
    return inner.keyword != "ONBUILD" && takes_heredocs(inner);
}

Result<InstructionBody> build_body(const Clause& clause) {
    const auto* const known = find(clause.keyword);
    if (!known) return fail(unknown_instruction(clause, names()));
    return known->build(clause);
}

} // namespace mybuild::grammar
