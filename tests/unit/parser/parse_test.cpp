#include "base/render.hpp"
#include "parser/dump.hpp"
#include "parser/parse.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace mybuild;

namespace {

ParseOutcome parse(std::string text, const ParseOptions& options = {}) {
    return parse_dockerfile(std::make_shared<Source>("Dockerfile", std::move(text)), options);
}

std::string messages(const std::vector<Error>& errors) {
    std::string out;
    for (const auto& error : errors)
        out += error.message + "\n";
    return out;
}

std::string repeat(std::string_view text, std::size_t count) {
    std::string out;
    out.reserve(text.size() * count);
    for (std::size_t i = 0; i < count; ++i)
        out += text;
    return out;
}

/// The only instruction after FROM.
template <class Body>
const Body& only(const ParseOutcome& outcome) {
    REQUIRE(messages(outcome.errors) == "");
    REQUIRE(outcome.file.stages.size() == 1);
    REQUIRE(outcome.file.stages[0].instructions.size() == 1);
    return std::get<Body>(outcome.file.stages[0].instructions[0].body);
}

std::vector<std::string> heredoc_names(const Instruction& instruction) {
    if (const auto* onbuild = std::get_if<Onbuild>(&instruction.body))
        return heredoc_names(*onbuild->trigger);
    const std::vector<Heredoc>* heredocs = nullptr;
    if (const auto* run = std::get_if<Run>(&instruction.body)) heredocs = &run->heredocs;
    if (const auto* copy = std::get_if<Copy>(&instruction.body)) heredocs = &copy->heredocs;
    if (const auto* add = std::get_if<Add>(&instruction.body)) heredocs = &add->heredocs;
    REQUIRE(heredocs);
    std::vector<std::string> names;
    for (const auto& heredoc : *heredocs)
        names.push_back(heredoc.name);
    return names;
}

} // namespace

TEST_CASE("a misspelt instruction is named, marked, and corrected") {
    const auto outcome = parse("FROM a\nCOYP . /app\n");
    REQUIRE(outcome.errors.size() == 1);
    CHECK(render(outcome.errors[0]) == "error: unknown instruction: COYP\n"
                                       "  --> Dockerfile:2:1\n"
                                       "   |\n"
                                       " 2 | COYP . /app\n"
                                       "   | ^^^^\n"
                                       "hint: did you mean COPY?\n");
}

TEST_CASE("independent errors are all reported, in the order of lines") {
    const auto outcome = parse("FROM a b\n"
                               "RUN <<EOF\nCOYP\nEOF\n"
                               "COPY --form=x a b\n"
                               "CMD [1]\n"
                               "ENV\n"
                               "NOPE\n");
    CHECK(messages(outcome.errors) ==
          "FROM requires either one or three arguments\n"
          "unknown flag: --form\n"
          "when using JSON array syntax, arrays must be comprised of strings only\n"
          "ENV requires at least one argument\n"
          "unknown instruction: NOPE\n");
}

TEST_CASE("an error after another is not reported when it only follows from it") {
    CHECK(messages(parse("FORM a\nRUN x\n").errors) == "unknown instruction: FORM\n");
    CHECK(messages(parse("RUN x\nCMD y\n").errors) == "no build stage in current context\n");
}

TEST_CASE("what stands before the first FROM is global") {
    const auto outcome = parse("ARG A=1\nARG B\nFROM a AS one\nARG A\nFROM one\nRUN x\n");
    REQUIRE(messages(outcome.errors) == "");
    CHECK(outcome.file.global_args.size() == 2);
    REQUIRE(outcome.file.stages.size() == 2);
    CHECK(outcome.file.stages[0].base().alias->text == "one");
    CHECK(outcome.file.stages[0].instructions.size() == 1);
    CHECK(outcome.file.stages[1].base().image.text == "one");
}

TEST_CASE("spans point at the right place behind and across continuations") {
    const std::string text = "FROM a\n"
                             "COPY --ch\\\n"
                             "own=me s\\\n"
                             "# comment\n"
                             "rc /d\\\n"
                             "st\n";
    const auto outcome = parse(text);
    const auto& copy = only<Copy>(outcome);
    const auto& source = *outcome.file.source;
    CHECK(copy.chown->text == "me");
    CHECK(source.slice(copy.chown->span) == "me");
    CHECK(copy.sources[0].text == "src");
    CHECK(source.slice(copy.sources[0].span) == "s\\\n# comment\nrc");
    CHECK(copy.destination.text == "/dst");
    CHECK(source.slice(copy.destination.span) == "/d\\\nst");
    const auto& instruction = outcome.file.stages[0].instructions[0];
    CHECK(instruction.text == "COPY --chown=me src /dst");
    CHECK(source.slice(instruction.span) == text.substr(7, text.size() - 8));
    CHECK(source.slice(instruction.keyword_span) == "COPY");
}

TEST_CASE("CRLF files read as LF files, but heredoc bodies keep their bytes") {
    const auto outcome = parse("\xEF\xBB\xBF"
                               "FROM a\r\nCOPY <<E b \\\r\n  /x\r\none\r\nE\r\n");
    const auto& copy = only<Copy>(outcome);
    CHECK(copy.sources[0].text == "b");
    CHECK(copy.destination.text == "/x");
    CHECK(copy.heredocs[0].body == "one\r\n");
}

TEST_CASE("two heredocs of one name: a COPY gives both the last body") {
    const auto outcome = parse("FROM a\nCOPY <<E <<E /d/\n1\nE\n2\nE\n");
    const auto& copy = only<Copy>(outcome);
    REQUIRE(copy.heredocs.size() == 2);
    CHECK(copy.heredocs[0].body == "2\n");
    CHECK(copy.heredocs[1].body == "2\n");
}

TEST_CASE("what a heredoc opener is") {
    struct Row {
        const char* line;
        std::vector<std::string> names;
    };
    const Row table[] = {
        {"RUN <<EOF", {"EOF"}},
        {"RUN 3<<EOF", {"EOF"}},
        {"RUN << EOF", {"EOF"}},
        {"RUN << -EOF", {"-EOF"}},
        {"RUN cat <<A <<B", {"A", "B"}},
        {"RUN \"<<EOF\"", {}},
        {"RUN '<<EOF'", {}},
        {"RUN <<<EOF", {}},
        {"RUN cat <<", {}},
        {"RUN cat <<- ", {}},
        {"RUN cat<<EOF", {}},
        {"RUN <<eo'f'", {"eof"}},
        {"RUN <<eo\\'f", {"eo'f"}},
        {"RUN <<'a b'", {"a b"}},
        {"RUN <<$EOF", {"$EOF"}},
        {"RUN <<EOF>x", {"EOF>x"}},
        {"RUN echo $((1 << 2))", {"2))"}},
        {"RUN echo $((1<<2))", {}},
        {"RUN ${x:-y} <<EOF", {"EOF"}},
        {"RUN \"${x:-\"}\"}\" <<EOF", {"EOF"}},
        {"RUN [\"<<EOF\"]", {}},
        {"ONBUILD RUN <<EOF", {"EOF"}},
        {"ADD <<a <<b /d/", {"a", "b"}},
        {"RUN --mount=target=/x <<EOF", {"EOF"}},
    };
    for (const auto& row : table) {
        CAPTURE(row.line);
        std::string text = "FROM a\n" + std::string(row.line) + "\n";
        for (const auto& name : row.names)
            text += "BODY\n" + name + "\n";
        const auto outcome = parse(text);
        CHECK(messages(outcome.errors) == "");
        REQUIRE(outcome.file.stages.size() == 1);
        REQUIRE(outcome.file.stages[0].instructions.size() == 1);
        CHECK(heredoc_names(outcome.file.stages[0].instructions[0]) == row.names);
    }
    // A line where it means nothing: what looks like a body is instructions.
    CHECK(messages(parse("FROM a\nUSER <<EOF\nEOF\n").errors) == "unknown instruction: EOF\n");
}

TEST_CASE("a heredoc's flags: fd, tabs, expansion") {
    const auto outcome = parse("FROM a\nRUN 3<<-'E' cat\n\ta\n\tE\n");
    const auto& heredoc = only<Run>(outcome).heredocs.at(0);
    CHECK(heredoc.fd == 3);
    CHECK(heredoc.strip_tabs);
    CHECK_FALSE(heredoc.expand);
    CHECK(heredoc.body == "\ta\n");
    CHECK(heredoc.content() == "a\n");
    const auto escaped = parse("FROM a\nRUN <<\\E\nE\n");
    CHECK(only<Run>(escaped).heredocs.at(0).expand);
}

TEST_CASE("a line whose heredoc cannot be seen says why") {
    const auto outcome = parse("FROM a\nRUN echo it's <<EOF\n");
    CHECK(messages(outcome.errors) == "");
    REQUIRE(outcome.warnings.size() == 1);
    CHECK(outcome.warnings[0].message ==
          "what looks like a heredoc is none: a single quote is not closed");
    CHECK(parse("FROM a\nRUN echo it's $((1<<2))\n").warnings.empty());
    CHECK(messages(parse("FROM a\nRUN cat <<- EOF\n").warnings) ==
          "what looks like a heredoc is none: the delimiter must follow right after <<-\n");
}

TEST_CASE("flags where other builders drop them are a warning") {
    for (const char* line : {"ARG --x a", "STOPSIGNAL --x 9", "HEALTHCHECK --x NONE"}) {
        CAPTURE(line);
        const auto outcome = parse("FROM a\n" + std::string(line) + "\n");
        CHECK(messages(outcome.errors) == "");
        CHECK(messages(outcome.warnings) == "unknown flag: --x is ignored\n");
    }
}

TEST_CASE("a foreign frontend is a warning, Docker's own is none") {
    CHECK(parse("# syntax=docker/dockerfile:1.7-labs\nFROM a\n").warnings.empty());
    CHECK(parse("# syntax=docker.io/docker/dockerfile-upstream:master\nFROM a\n").warnings.empty());
    CHECK(messages(parse("# syntax=evil/thing\nFROM a\n").warnings) ==
          "the frontend evil/thing is not used: the language is read here\n");
}

TEST_CASE("BUILDKIT_SYNTAX stands for the directive") {
    const auto warnings = [](const std::string& text, std::string frontend) {
        return messages(parse(text, {.frontend = std::move(frontend)}).warnings);
    };
    const std::string other = "# syntax=evil/thing\nFROM a\n";
    CHECK(warnings(other, "docker/dockerfile:1") == "");
    CHECK(warnings(other, "dockerfile.v0") == "");
    CHECK(warnings(other, "") ==
          "the frontend evil/thing is not used: the language is read here\n");
    CHECK(warnings("# syntax=docker/dockerfile:1\nFROM a\n", "evil/thing") ==
          "the frontend evil/thing is not used: the language is read here\n");
    CHECK(warnings("FROM a\n", "evil/thing") ==
          "the frontend evil/thing is not used: the language is read here\n");
}

TEST_CASE("a line that Docker would refuse is read with a warning") {
    const auto outcome = parse("FROM a\nRUN " + std::string(65'532, 'x') + "\nRUN y\n");
    CHECK(messages(outcome.errors) == "");
    CHECK(messages(outcome.warnings) == "a line of more than 65535 bytes\n");
    CHECK(outcome.warnings.at(0).where->span.begin == 7);
    CHECK(parse("FROM a\nRUN " + std::string(65'531, 'x') + "\n").warnings.empty());
}

TEST_CASE("directives: the zone, its end, and what differs between them") {
    CHECK(parse("# escape=`\nFROM a\n").file.directives.escape == '`');
    CHECK(parse("  # Escape = ` \nFROM a\n").file.directives.escape == '`');
    CHECK(parse("#\n# escape=`\nFROM a\n").file.directives.escape == '\\');
    CHECK(parse("\n# escape=`\nFROM a\n").file.directives.escape == '\\');
    CHECK(parse("# foo=bar\n# escape=`\nFROM a\n").file.directives.escape == '\\');
    CHECK(parse("#!/bin/x\n# escape=`\nFROM a\n").file.directives.escape == '\\');
    CHECK(parse("#!/bin/x\n# syntax=docker/dockerfile\nFROM a\n").file.directives.syntax->text ==
          "docker/dockerfile");
    CHECK_FALSE(parse("  # syntax=x\nFROM a\n").file.directives.syntax.has_value());
    CHECK(parse("# check=skip=A, B\nFROM a\n").file.directives.check->text == "skip=A,");
    CHECK(messages(parse("# escape= \nFROM a\n").errors) ==
          "invalid escape token ' ' does not match ` or \\\n");
    CHECK(messages(parse("# escape=`\n# ESCAPE=`\nFROM a\n").errors) ==
          "only one escape parser directive can be used\n");
    CHECK(parse("FROM a\n# escape=nonsense\n").errors.empty());
}

TEST_CASE("comments describe the instruction below them") {
    const auto outcome = parse("# lost\n#\n# one\n  # two\n\n#three\nFROM a\n# x\nRUN y\n");
    REQUIRE(messages(outcome.errors) == "");
    CHECK(outcome.file.stages[0].from.comments ==
          std::vector<std::string>{"one", "# two", "three"});
    CHECK(outcome.file.stages[0].instructions[0].comments == std::vector<std::string>{"x"});
}

TEST_CASE("a trigger from an image: spans are the place that brings it") {
    const Span from{7, 11};
    const auto copy = parse_instruction_text("COPY --chown=a <<E b /x\nbody\nE", from);
    REQUIRE(copy.has_value());
    CHECK(copy->keyword == "COPY");
    CHECK(copy->text == "COPY --chown=a <<E b /x");
    CHECK(copy->span == from);
    const auto& body = std::get<Copy>(copy->body);
    CHECK(body.heredocs.at(0).body == "body\n");
    CHECK(body.heredocs.at(0).body_span == from);
    CHECK(body.sources.at(0).span == from);
    CHECK(body.chown->span == from);
}

TEST_CASE("triggers that are none have no location, but name the trigger") {
    const auto error = [](std::string_view text) {
        const auto result = parse_instruction_text(text);
        REQUIRE_FALSE(result.has_value());
        CHECK_FALSE(result.error().where.has_value());
        return result.error().message;
    };
    CHECK(error("COPY a") ==
          "ONBUILD trigger \"COPY a\": COPY requires at least two arguments, but "
          "only one was provided. Destination could not be determined");
    CHECK(error("FOO x") == "ONBUILD trigger \"FOO x\": unknown instruction: FOO");
    CHECK(error("RUN a\nRUN b") ==
          "ONBUILD trigger \"RUN a\": onbuild trigger should be a single expression");
    CHECK(error("RUN <<E\nx") == "ONBUILD trigger \"RUN <<E\": unterminated heredoc");
    CHECK(error("") == "ONBUILD trigger \"\": it is empty");
    CHECK(error(std::string_view("RUN \0", 5)).ends_with(": not an instruction"));
}

TEST_CASE("ONBUILD keeps its text, heredocs too, and the trigger can be read again from it") {
    const auto outcome = parse("FROM a\nonbuild  copy <<A <<-B /x/\n1\nA\n\t2\nB\n");
    const auto& onbuild = only<Onbuild>(outcome);
    CHECK(onbuild.text == "copy <<A <<-B /x/\n1\nA\n\t2\nB");
    REQUIRE(onbuild.trigger);
    const auto again = parse_instruction_text(onbuild.text);
    REQUIRE(again.has_value());
    const auto& direct = std::get<Copy>(onbuild.trigger->body);
    const auto& stored = std::get<Copy>(again->body);
    REQUIRE(stored.heredocs.size() == 2);
    CHECK(direct.heredocs[1].content() == "2\n");
    CHECK(stored.heredocs[1].content() == "2\n");
}

TEST_CASE("a trigger that fails only when it is run is a warning now") {
    for (const char* line : {"ONBUILD FOO x", "ONBUILD COPY a", "ONBUILD CMD --x y"}) {
        CAPTURE(line);
        const auto outcome = parse("FROM a\n" + std::string(line) + "\n");
        CHECK(only<Onbuild>(outcome).trigger == nullptr);
        CHECK(outcome.warnings.size() == 1);
    }
    CHECK(messages(parse("FROM a\nONBUILD CMD [1]\n").errors) ==
          "when using JSON array syntax, arrays must be comprised of strings only\n");
}

TEST_CASE("empty and binary files are one clear error") {
    CHECK(messages(parse("").errors) == "the Dockerfile cannot be empty\n");
    CHECK(messages(parse("\n# x\n").errors) == "file with no instructions\n");
    CHECK(messages(parse("ARG A\n").errors) == "dockerfile contains no stages to build\n");
    const auto binary = parse(std::string("FROM a\nRUN \0\n", 13));
    REQUIRE(binary.errors.size() == 1);
    CHECK(render(binary.errors[0]).find("Dockerfile:2:5") != std::string::npos);
    const auto utf16 = parse(std::string("\xFF\xFE"
                                         "F\0R\0",
                                         6));
    CHECK(utf16.errors.at(0).hint == "it seems to be UTF-16: save it as UTF-8");
}

TEST_CASE("noise gives a limited number of errors") {
    std::string noise;
    std::uint32_t state = 1;
    for (int i = 0; i < 200'000; ++i) {
        state = state * 1664525U + 1013904223U;
        const auto byte = static_cast<char>(state >> 24U);
        noise += byte == '\0' ? '\n' : byte;
    }
    const auto outcome = parse(noise);
    CHECK(outcome.errors.size() > 1);
    CHECK(outcome.errors.size() <= 1001);
    for (const auto& error : outcome.errors)
        CHECK(render(error).find('\x1b') == std::string::npos);
}

TEST_CASE("lines over the limit are refused, also in heredocs") {
    const ParseOptions limits{.line_bytes = 100};
    CHECK(messages(parse("FROM a\nRUN " + std::string(200, 'x') + "\n", limits).errors) ==
          "dockerfile line greater than max allowed size of 100\n");
    CHECK(messages(parse("FROM a\nRUN <<E\n" + std::string(200, 'x') + "\nE\n", limits).errors) ==
          "dockerfile line greater than max allowed size of 100\n");
    CHECK(messages(parse("FROM a\nRUN x\\\n" + std::string(99, 'x') + "\\\ny\n", limits).errors) ==
          "");
}

TEST_CASE("long and deep input is read or refused, never too much for the machine") {
    const std::size_t million = 1'000'000;
    const std::string lines[] = {
        "RUN " + std::string(million, 'x'),
        "RUN " + std::string(million, '\\'),
        "RUN " + std::string(million, '"'),
        "RUN " + repeat("<<", million / 2),
        "RUN <<" + repeat("${a:-", million / 5),
        "RUN x " + repeat("'a' <<E$(", million / 10),
        "COPY " + repeat("${a:-", million / 5) + " <<x",
        "COPY <<" + repeat("${a:-", million / 5) + " x",
        "ENV " + repeat("a=b ", million / 4),
        "ENV " + repeat("'a", million / 2),
        "LABEL " + std::string(million, '='),
        "COPY " + repeat("a ", million / 2),
        "COPY " + repeat("--exclude=a ", million / 12) + "a b",
        "RUN " + repeat("--mount=type=cache,target=/a ", million / 30),
        "RUN " + repeat("--", million / 2),
        "CMD " + std::string(million, '['),
        "CMD " + repeat("[\"a\",", million / 5),
        "CMD [" + repeat("{\"a\":", million / 5),
        "CMD [\"" + repeat("\\ud83d", million / 6) + "\"]",
        repeat("ONBUILD ", million / 8),
        repeat("ONBUILD ", million / 8) + "RUN <<E",
        "HEALTHCHECK " + repeat("--interval=5s ", million / 14) + "NONE",
        "EXPOSE " + repeat("1-65535 ", million / 8),
        std::string(million, 'F'),
        "# " + std::string(million, ' ') + "\nRUN x",
        "RUN " + repeat("x \\\n", million / 4) + "y",
        "RUN " + repeat("x \\\n#\n\n", million / 8) + "y",
    };
    const ParseOptions limits{.line_bytes = std::size_t{2} << 20U};
    for (const auto& line : lines) {
        CAPTURE(line.substr(0, 40));
        const auto outcome = parse("FROM a\n" + line + "\n", limits);
        CHECK(outcome.file.stages.size() == 1);
        for (const auto& error : outcome.errors)
            CHECK(render(error).size() < 4000);
    }
}
