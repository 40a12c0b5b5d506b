#pragma once

#include "base/source.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace mybuild {

/// A piece of an instruction as written (variables, quotes and escapes kept) and where it stands.
/// Where a continuation or a flag's quotes split it, the span covers the whole.
struct Word {
    std::string text = {};
    Span span = {};
};

/// `key=value` of ENV and LABEL, both unexpanded.
struct KeyValue {
    Word key;
    Word value;
};

/// The body that follows an opener such as `<<EOF`, `<<-"EOF"` or `3<<EOF`.
struct Heredoc {
    std::string name = {};   ///< the delimiter, quotes removed; the file name in COPY and ADD
    bool expand = true;      ///< no part of the delimiter was quoted
    bool strip_tabs = false; ///< `<<-`
    std::optional<int> fd = {};
    std::string body = {}; ///< raw lines with their own line endings, tabs kept
    Span span = {};        ///< the opener
    Span body_span = {};   ///< the body's lines, without the one that ends it

    /// The body as a file or as a lone script: without leading tabs where `<<-` asks for it.
    [[nodiscard]] std::string content() const;
};

/// Exec form (a JSON array of strings, taken as is) or shell form (text for the shell).
enum class Form : std::uint8_t { shell, exec };

struct CommandLine {
    Form form = Form::shell;
    std::vector<std::string> args = {}; ///< shell: exactly one text, maybe empty
    Span span = {};
};

struct From {
    Word image;
    std::optional<Word> alias;    ///< after AS, as written; known to be a valid stage name
    std::optional<Word> platform; ///< --platform, unexpanded
    std::optional<Span> as_span;  ///< the word AS
};

struct Run {
    /// In shell form with heredocs: the line, their bodies and end lines, joined for a shell that
    /// reads heredocs itself; of a script: its content.
    CommandLine command;
    bool is_script = false; ///< the only argument is one heredoc opener
    std::vector<Heredoc> heredocs;
    std::vector<Word> mounts;     ///< --mount, raw: parser/mount.hpp reads them
    std::optional<Word> network;  ///< default, none or host
    std::optional<Word> security; ///< sandbox or insecure
    std::vector<Word> devices;    ///< --device, raw
};

struct Cmd {
    CommandLine command;
};

struct Entrypoint {
    CommandLine command;
};

/// SHELL: always exec form, at least one argument.
struct Shell {
    CommandLine command;
};

struct Label {
    std::vector<KeyValue> pairs;
    bool legacy = false; ///< `LABEL key value`
};

struct Env {
    std::vector<KeyValue> pairs;
    bool legacy = false; ///< `ENV key value`
};

struct Maintainer {
    Word name;
};

struct Expose {
    std::vector<Word> ports; ///< in the order written; parser/ports.hpp reads them after expansion
};

/// What COPY and ADD have in common; flags that only one of them knows stay unset in the other.
struct CopyBase {
    std::vector<Word> sources;     ///< paths (ADD: also URLs), without heredocs
    std::vector<Heredoc> heredocs; ///< sources of their own, made after the paths
    Word destination;
    bool json = false;         ///< JSON form: the items are expanded all the same
    std::optional<Word> from;  ///< COPY --from, raw; has no variable
    std::optional<Word> chown; ///< unexpanded; an empty --chown= is unset
    std::optional<Word> chmod; ///< unexpanded: parser/chmod.hpp
    bool link = false;
    bool parents = false;             ///< COPY
    std::vector<Word> excludes;       ///< raw, never expanded
    std::optional<bool> keep_git_dir; ///< ADD
    std::optional<Word> checksum;     ///< ADD, unexpanded
    std::optional<bool> unpack;       ///< ADD
};

struct Copy : CopyBase {};
struct Add : CopyBase {};

struct Volume {
    std::vector<Word> paths; ///< unexpanded
};

struct User {
    Word name;
};

struct Workdir {
    Word path;
};

struct Stopsignal {
    Word signal;
};

/// One `name` or `name=default` of an ARG line.
struct ArgItem {
    Word name;                 ///< never expanded
    std::optional<Word> value; ///< unexpanded
};

struct Arg {
    std::vector<ArgItem> items;
};

struct Instruction;

struct Onbuild {
    std::string text; ///< the trigger as an image's OnBuild stores it, heredoc bodies included
    /// The trigger parsed; null when its instruction is unknown (which fails when it is run).
    std::shared_ptr<const Instruction> trigger;
};

struct Healthcheck {
    bool none = false; ///< HEALTHCHECK NONE: the rest is empty
    CommandLine test;
    // Zero: not given, the runtime's default.
    std::chrono::nanoseconds interval{0};
    std::chrono::nanoseconds timeout{0};
    std::chrono::nanoseconds start_period{0};
    std::chrono::nanoseconds start_interval{0};
    std::int64_t retries = 0;
};

using InstructionBody =
    std::variant<From, Run, Cmd, Label, Maintainer, Expose, Env, Add, Copy, Entrypoint, Volume,
                 User, Workdir, Arg, Onbuild, Stopsignal, Healthcheck, Shell>;

struct Instruction {
    InstructionBody body;
    std::string keyword; ///< in upper case
    std::string text;    ///< as written: continuations joined, trimmed, no heredoc bodies
    Span span;           ///< all its physical lines, heredocs included, without the last
                         ///< line ending
    Span keyword_span;   ///< the keyword as written
    std::vector<std::string> comments;  ///< comment lines above it, without `#` and blanks around
    std::vector<Span> empty_lines = {}; ///< blank lines inside a continuation
};

/// Parser directives: `# escape=`, `# syntax=`, `# check=`.
struct Directives {
    char escape = '\\';
    std::optional<Word> syntax;
    std::optional<Word> check;
};

struct StageAst {
    Instruction from;                      ///< its body is a From
    std::vector<Instruction> instructions; ///< without FROM

    [[nodiscard]] const From& base() const { return std::get<From>(from.body); }
};

struct Dockerfile {
    std::shared_ptr<const Source> source;
    Directives directives;
    std::vector<Instruction> global_args; ///< ARG before the first FROM
    std::vector<StageAst> stages;         ///< at least one unless there were errors
};

} // namespace mybuild
