#pragma once

#include <cstdint>
#include <string_view>

namespace mybuild::lint {

class Report;
struct Subject;

/// Where a rule's name and meaning come from.
enum class Origin : std::uint8_t { buildkit, mybuild };

/// Where a rule looks when nobody says anything about it.
enum class Default : std::uint8_t {
    everywhere, ///< in builds and under --check
    check,      ///< under --check; in builds when `experimental=` names it
    named,      ///< only when `experimental=` names it
};

/// Whether `# check=skip=` above an instruction silences a rule there. BuildKit looks at the whole
/// file for some rules and does not ask then.
enum class Silence : std::uint8_t { instruction, file_only };

/// What people read about a rule; docs/checks/NAME.md is made of it.
struct Page {
    std::string_view why;  ///< paragraphs of Markdown
    std::string_view bad;  ///< a Dockerfile in which the rule finds something
    std::string_view good; ///< the same as it should be
    std::string_view more; ///< further paragraphs; may be empty
    /// The .dockerignore that the examples need; mostly empty.
    std::string_view ignore_file = {};
};

/// One check: a name, a text, and a pure function from what is known of a Dockerfile to findings.
struct Rule {
    std::string_view name;
    std::string_view summary; ///< one sentence; for BuildKit's rules its description
    std::string_view url;     ///< Docker's page; empty: there is none
    Origin origin = Origin::mybuild;
    Default on = Default::check;
    Silence silence = Silence::instruction;
    void (*run)(const Subject&, Report&) = nullptr;
    Page page;
};

} // namespace mybuild::lint
