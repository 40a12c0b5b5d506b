#include "parser/chmod.hpp"

#include "parser/grammar/context.hpp"

#include <boost/fusion/include/adapt_struct.hpp>
#include <fmt/format.h>

namespace mybuild {
namespace {

struct ActionNode {
    char op;
    std::string permissions;
};
struct ClauseNode {
    std::string who;
    std::vector<ActionNode> actions;
};

} // namespace
} // namespace mybuild

BOOST_FUSION_ADAPT_STRUCT(mybuild::ActionNode, op, permissions)
BOOST_FUSION_ADAPT_STRUCT(mybuild::ClauseNode, who, actions)

namespace mybuild {
namespace {

namespace x3 = grammar::x3;

const x3::rule<struct ActionId, ActionNode> action = "change of a mode";
const x3::rule<struct ClauseId, ClauseNode> clause = "changes of a mode";
const x3::rule<struct SymbolicId, std::vector<ClauseNode>> symbolic = "symbolic mode";

const auto action_def = x3::char_("-+=") >> *x3::char_("rwxXstugo");
const auto clause_def = *x3::char_("ugoa") >> +action;
const auto symbolic_def = clause % ',';

BOOST_SPIRIT_DEFINE(action, clause, symbolic)

constexpr std::uint32_t sticky = 01000;

std::uint32_t who_bits(const std::string& who) {
    std::uint32_t bits = 0;
    for (const char c : who) {
        if (c == 'u' || c == 'a') bits |= 04700;
        if (c == 'g' || c == 'a') bits |= 02070;
        if (c == 'o' || c == 'a') bits |= 00007;
    }
    return who.empty() ? 06777 : bits;
}

std::uint32_t class_bits(char c) {
    return c == 'u' ? 0700 : c == 'g' ? 0070 : 0007;
}

/// One action as steps, as BSD's setmode makes them of it: a copied class ends the letters before
/// it, and each copy of an `=` replaces what was there (`u=go` is `u=o`).
void add_steps(std::vector<Chmod::Change>& out, std::uint32_t who, const ActionNode& node) {
    Chmod::Change letters{who, node.op};
    bool replaced = false; // an `=` has cleared the bits already
    const auto flush = [&](bool at_end) {
        const bool only_x = letters.conditional_x && letters.bits == 0;
        const bool clears = node.op == '=' && at_end && !replaced;
        const bool lone = at_end && node.permissions.empty(); // `-` and `+` change nothing
        if (letters.bits != 0 || clears || letters.conditional_x || lone) {
            replaced = replaced || !only_x || clears;
            if (only_x && !clears) letters.op = '+';
            out.push_back(letters);
        }
        letters = {who, node.op};
    };
    for (const char c : node.permissions) {
        if (c == 'u' || c == 'g' || c == 'o') {
            flush(false);
            out.push_back({who, node.op, 0, false, class_bits(c)});
            replaced = true;
            continue;
        }
        if (c == 'r') letters.bits |= 0444;
        if (c == 'w') letters.bits |= 0222;
        if (c == 'x' || (c == 'X' && node.op == '-')) letters.bits |= 0111;
        if (c == 'X' && node.op != '-') letters.conditional_x = true;
        if (c == 's') letters.bits |= 06000;
        if (c == 't' && who != 0007) {
            letters.who |= sticky;
            letters.bits |= sticky;
        }
    }
    flush(true);
}

} // namespace

Result<Chmod> Chmod::parse(std::string_view text) {
    Error error{
        ErrorCode::invalid,
        fmt::format("invalid chmod parameter: '{}'. it should be octal string and between 0 "
                    "and 07777",
                    text::shortened(text))};
    error.hint = "write an octal mode such as 755, or changes such as u=rwX,go=rX";
    Chmod chmod;
    grammar::ParseState state;
    const x3::uint_parser<std::uint32_t, 8> octal{};
    if (!text.empty() && text::is_digit(text.front())) {
        if (!grammar::parse_all(text, state, octal, chmod.m_octal) || chmod.m_octal > 07777)
            return fail(std::move(error));
        return chmod;
    }
    std::vector<ClauseNode> clauses;
    if (!grammar::parse_all(text, state, symbolic, clauses)) return fail(std::move(error));
    for (const auto& node : clauses)
        for (const auto& one : node.actions)
            add_steps(chmod.m_changes, who_bits(node.who), one);
    return chmod;
}

std::uint32_t Chmod::apply(std::uint32_t mode, bool is_directory) const {
    if (is_octal()) return m_octal;
    mode &= 07777;
    const bool executable = is_directory || (mode & 0111) != 0;
    for (const auto& change : m_changes) {
        auto bits = change.bits;
        if (change.conditional_x && executable) bits |= 0111;
        if (change.copy_from != 0) {
            // The three bits of the class, put into all three.
            const auto class_mode = (mode & change.copy_from) / (change.copy_from & 0111);
            bits = class_mode * 0111;
        }
        bits &= change.who;
        if (change.op == '-')
            mode &= ~bits;
        else if (change.op == '+')
            mode |= bits;
        else // a copied class leaves the set-id bits alone, letters do not
            mode = (mode & ~(change.copy_from != 0 ? change.who & 0777 : change.who)) | bits;
    }
    return mode;
}

} // namespace mybuild
