#include "parser/dump.hpp"

#include "base/render.hpp"
#include "parser/duration.hpp"

#include <fmt/format.h>

#include <iterator>

namespace mybuild {
namespace {

/// Writes one file's tree. Texts are in double quotes, with escapes for what would not show.
class Dumper {
  public:
    explicit Dumper(const Dockerfile& file) : m_file(file) {}

    std::string run() && {
        const auto& directives = m_file.directives;
        if (directives.escape != '\\') line(0, "escape {}", directives.escape);
        if (directives.syntax) word(0, "syntax", *directives.syntax);
        if (directives.check) word(0, "check", *directives.check);
        for (const auto& arg : m_file.global_args)
            instruction(0, arg);
        for (std::size_t i = 0; i < m_file.stages.size(); ++i) {
            line(0, "stage {}", i);
            instruction(1, m_file.stages[i].from);
            for (const auto& one : m_file.stages[i].instructions)
                instruction(1, one);
        }
        return std::move(m_out);
    }

  private:
    template <class... Args>
    void line(int depth, fmt::format_string<Args...> format, Args&&... args) {
        m_out.append(static_cast<std::size_t>(depth) * 2, ' ');
        fmt::format_to(std::back_inserter(m_out), format, std::forward<Args>(args)...);
        m_out += '\n';
    }

    static std::string quoted(std::string_view text) {
        std::string out = "\"";
        for (std::size_t at = 0;;) {
            const auto end = text.find('\n', at);
            for (const char c : printable(text.substr(at, end - at))) {
                if (c == '"') out += '\\';
                out += c == '\t' ? std::string("\\t") : std::string(1, c);
            }
            if (end == std::string_view::npos) break;
            out += "\\n";
            at = end + 1;
        }
        return out + '"';
    }

    [[nodiscard]] std::string place(Span span) const {
        const auto begin = m_file.source->position(span.begin);
        const auto end = m_file.source->position(span.end);
        return fmt::format("{}:{}-{}:{}", begin.line, begin.column, end.line, end.column);
    }

    void word(int depth, std::string_view label, const Word& word) {
        line(depth, "{} {} @{}", label, quoted(word.text), place(word.span));
    }
    void words(int depth, std::string_view label, const std::vector<Word>& all) {
        for (const auto& one : all)
            word(depth, label, one);
    }
    void maybe(int depth, std::string_view label, const std::optional<Word>& one) {
        if (one) word(depth, label, *one);
    }
    void flag(int depth, std::string_view label, std::optional<bool> value) {
        if (value) line(depth, "{} {}", label, *value);
    }

    void instruction(int depth, const Instruction& one) {
        line(depth, "{} {} @{}", one.keyword, quoted(one.text), place(one.span));
        for (const auto& comment : one.comments)
            line(depth + 1, "comment {}", quoted(comment));
        std::visit([&](const auto& body) { show(depth + 1, body); }, one.body);
    }

    void command(int depth, const CommandLine& command) {
        line(depth, "{} @{}", command.form == Form::exec ? "exec" : "shell", place(command.span));
        for (const auto& argument : command.args)
            line(depth + 1, "{}", quoted(argument));
    }

    void heredocs(int depth, const std::vector<Heredoc>& all) {
        for (const auto& one : all) {
            line(depth, "heredoc {}{}{}{} @{}", quoted(one.name), one.expand ? "" : " literal",
                 one.strip_tabs ? " strip-tabs" : "", one.fd ? fmt::format(" fd {}", *one.fd) : "",
                 place(one.span));
            line(depth + 1, "{}", quoted(one.body));
        }
    }

    void show(int depth, const From& from) {
        word(depth, "image", from.image);
        maybe(depth, "alias", from.alias);
        maybe(depth, "platform", from.platform);
    }
    void show(int depth, const Run& run) {
        words(depth, "mount", run.mounts);
        maybe(depth, "network", run.network);
        maybe(depth, "security", run.security);
        words(depth, "device", run.devices);
        if (run.is_script) line(depth, "script");
        command(depth, run.command);
        heredocs(depth, run.heredocs);
    }
    void show(int depth, const Cmd& cmd) { command(depth, cmd.command); }
    void show(int depth, const Entrypoint& entrypoint) { command(depth, entrypoint.command); }
    void show(int depth, const Shell& shell) { command(depth, shell.command); }
    void pairs(int depth, const std::vector<KeyValue>& all, bool legacy) {
        if (legacy) line(depth, "legacy");
        for (const auto& one : all) {
            word(depth, "key", one.key);
            word(depth + 1, "value", one.value);
        }
    }
    void show(int depth, const Label& label) { pairs(depth, label.pairs, label.legacy); }
    void show(int depth, const Env& env) { pairs(depth, env.pairs, env.legacy); }
    void show(int depth, const Maintainer& maintainer) { word(depth, "name", maintainer.name); }
    void show(int depth, const Expose& expose) { words(depth, "port", expose.ports); }
    void show(int depth, const CopyBase& copy) {
        if (copy.json) line(depth, "json");
        maybe(depth, "from", copy.from);
        maybe(depth, "chown", copy.chown);
        maybe(depth, "chmod", copy.chmod);
        if (copy.link) line(depth, "link");
        if (copy.parents) line(depth, "parents");
        words(depth, "exclude", copy.excludes);
        flag(depth, "keep-git-dir", copy.keep_git_dir);
        maybe(depth, "checksum", copy.checksum);
        flag(depth, "unpack", copy.unpack);
        words(depth, "source", copy.sources);
        heredocs(depth, copy.heredocs);
        word(depth, "destination", copy.destination);
    }
    void show(int depth, const Volume& volume) { words(depth, "path", volume.paths); }
    void show(int depth, const User& user) { word(depth, "name", user.name); }
    void show(int depth, const Workdir& workdir) { word(depth, "path", workdir.path); }
    void show(int depth, const Stopsignal& stopsignal) { word(depth, "signal", stopsignal.signal); }
    void show(int depth, const Arg& arg) {
        for (const auto& item : arg.items) {
            word(depth, "name", item.name);
            maybe(depth + 1, "value", item.value);
        }
    }
    void show(int depth, const Onbuild& onbuild) {
        line(depth, "text {}", quoted(onbuild.text));
        if (onbuild.trigger) instruction(depth, *onbuild.trigger);
    }
    void show(int depth, const Healthcheck& health) {
        if (health.none) {
            line(depth, "none");
            return;
        }
        const auto duration = [&](std::string_view label, std::chrono::nanoseconds value) {
            if (value.count() != 0) line(depth, "{} {}", label, format_duration(value));
        };
        duration("interval", health.interval);
        duration("timeout", health.timeout);
        duration("start-period", health.start_period);
        duration("start-interval", health.start_interval);
        if (health.retries != 0) line(depth, "retries {}", health.retries);
        command(depth, health.test);
    }

    const Dockerfile& m_file;
    std::string m_out;
};

} // namespace

std::string dump(const Dockerfile& file) {
    return Dumper(file).run();
}

} // namespace mybuild
