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

/// The steps of one action, such as `=rwX` or `+g`. As setmode(3) of BSD has it, and BuildKit with
/// it: letters before and after a class that is copied are changes of their own, so that of several
/// after an `=` the last one counts.
class ActionSteps {
  public:
    ActionSteps(std::vector<Chmod::Change>& out, std::uint32_t who, char op)
        : m_out(out), m_who(who), m_op(op) {}

    void add(char letter) {
        switch (letter) {
        case 'r':
            m_bits |= 0444;
            break;
        case 'w':
            m_bits |= 0222;
            break;
        case 's':
            m_bits |= 06000;
            break;
        case 't':
            if (m_who == 0007) break; // of others alone it says nothing
            m_who |= sticky;
            m_bits |= sticky;
            break;
        case 'X':
            if (m_op != '-') {
                m_conditional_x = true;
                break;
            }
            [[fallthrough]];
        case 'x':
            m_bits |= 0111;
            break;
        default: // u, g, o
            if (m_bits != 0) set_bits();
            add_conditional_x();
            m_out.push_back({m_who, m_op, 0, false, class_bits(letter)});
            m_equals_done = true;
        }
    }

    void finish() {
        if (m_bits != 0 || (m_op == '=' && !m_equals_done)) set_bits();
        add_conditional_x();
    }

  private:
    void set_bits() {
        m_out.push_back({m_who, m_op, m_bits});
        m_bits = 0;
        m_equals_done = true;
    }
    void add_conditional_x() {
        if (m_conditional_x) m_out.push_back({m_who, '+', 0, true});
        m_conditional_x = false;
    }

    std::vector<Chmod::Change>& m_out;
    std::uint32_t m_who;
    char m_op;
    std::uint32_t m_bits = 0;
    bool m_conditional_x = false;
    bool m_equals_done = false; ///< what the `=` clears has been cleared
};

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
        chmod.m_is_octal = true;
        return chmod;
    }
    std::vector<ClauseNode> clauses;
    if (!grammar::parse_all(text, state, symbolic, clauses)) return fail(std::move(error));
    for (const auto& node : clauses)
        for (const auto& one : node.actions) {
            ActionSteps steps(chmod.m_changes, who_bits(node.who), one.op);
            for (const char letter : one.permissions)
                steps.add(letter);
            steps.finish();
        }
    return chmod;
}

std::uint32_t Chmod::apply(std::uint32_t mode, bool is_directory) const {
    if (is_octal()) return m_octal;
    mode &= 07777;
    const bool executable = is_directory || (mode & 0111) != 0;
    for (const auto& change : m_changes) {
        auto who = change.who;
        auto bits = change.bits;
        if (change.conditional_x && executable) bits |= 0111;
        if (change.copy_from != 0) {
            // The three bits of the class, put into all three; set-id bits are not touched.
            const auto class_mode = (mode & change.copy_from) / (change.copy_from & 0111);
            bits = class_mode * 0111;
            who &= 0777;
        }
        bits &= who;
        if (change.op == '-')
            mode &= ~bits;
        else if (change.op == '+')
            mode |= bits;
        else
            mode = (mode & ~who) | bits;
    }
    return mode;
}

} // namespace mybuild
