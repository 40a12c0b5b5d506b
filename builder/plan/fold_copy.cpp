#include "base/render.hpp"
#include "builder/plan/copy_source.hpp"
#include "builder/plan/fold.hpp"
#include "builder/plan/paths.hpp"
#include "parser/chmod.hpp"
#include "parser/git_url.hpp"
#include "parser/ignore.hpp"
#include "parser/text.hpp"

namespace mybuild::plan {

namespace {

/// An expanded flag; what is empty counts as not given.
Result<std::optional<std::string>> flag_value(Expander& expander,
                                              const std::optional<Word>& written) {
    if (!written) return std::nullopt;
    TRY_ASSIGN(auto value, expander.word(*written));
    if (value.empty()) return std::nullopt;
    return value;
}

Status expand_sources(StageState& state, Expander& expander, const CopyBase& written, CopyOp& op) {
    for (const Word& source : written.sources) {
        TRY_ASSIGN(auto text, expander.word(source));
        const SourceKind kind = classify_source(text);
        if (!op.is_add && kind != SourceKind::path) {
            const std::string_view what = kind == SourceKind::git ? "a git ref" : "a URL";
            return state.fail_at(
                Error{.code = ErrorCode::invalid,
                      .message = "source can't be " + std::string(what) + " for COPY",
                      .hint = "use ADD to fetch it"},
                source.span);
        }
        op.sources.push_back(std::move(text));
        op.source_spans.push_back(source.span);
    }
    for (const Heredoc& heredoc : written.heredocs) {
        const std::string& name = heredoc.name;
        const std::string path = clean_path("/", name);
        if (path == "/" || path.find('/', 1) != path.npos)
            return state.fail_at(
                Error{.code = ErrorCode::invalid,
                      .message = "a heredoc named " + printable(name) + " cannot be a file",
                      .hint = "the delimiter is the name of the file: choose one "
                              "without /"},
                heredoc.span);
        std::string content;
        if (heredoc.expand) {
            TRY_ASSIGN(content, expander.heredoc(heredoc));
        } else {
            content = heredoc.content();
        }
        op.inline_files.push_back({.name = path.substr(1),
                                   .written = name,
                                   .content = std::move(content),
                                   .span = heredoc.span});
    }
    return {};
}

Status check_chmod(const StageState& state, const CopyBase& written, const CopyOp& op) {
    if (!op.chmod) return {};
    if (auto mode = Chmod::parse(*op.chmod); !mode)
        return state.fail_at(std::move(mode).error(), written.chmod->span);
    return {};
}

Status take_excludes(const StageState& state, const CopyBase& written, CopyOp& op) {
    for (const Word& exclude : written.excludes) {
        if (auto rules = IgnoreRules::from_patterns({&exclude.text, 1}); !rules)
            return state.fail_at(std::move(rules).error().in("--exclude"), exclude.span);
        op.excludes.push_back(exclude.text);
    }
    return {};
}

/// What the URLs of repositories say, against each other and against the flags.
Status check_git(const StageState& state, const CopyBase& written, const CopyOp& op) {
    for (std::size_t i = 0; i < op.sources.size(); ++i) {
        if (classify_source(op.sources[i]) != SourceKind::git) continue;
        auto url = parse_git_url(op.sources[i]);
        if (!url) return state.fail_at(std::move(url).error(), op.source_spans[i]);
        if (written.keep_git_dir && url->keep_git_dir &&
            *written.keep_git_dir != *url->keep_git_dir)
            return state.fail_at({ErrorCode::invalid, "inconsistent keep-git-dir configuration"},
                                 op.source_spans[i]);
        if (op.checksum && !url->checksum.empty() && *op.checksum != url->checksum)
            return state.fail_at({ErrorCode::invalid, "checksum mismatch " +
                                                          text::quoted(*op.checksum) +
                                                          " != " + text::quoted(url->checksum)},
                                 op.source_spans[i]);
    }
    return {};
}

Status check_checksum(const StageState& state, const CopyBase& written, const CopyOp& op) {
    if (!op.checksum) return {};
    const auto refuse = [&](Error error) {
        return state.fail_at(std::move(error), written.checksum->span);
    };
    if (op.sources.size() != 1)
        return refuse({ErrorCode::invalid,
                       "checksum can't be specified for multiple sources",
                       {},
                       "write an ADD for each source"});
    const auto kind = classify_source(op.sources.front());
    if (kind == SourceKind::path)
        return refuse({ErrorCode::invalid,
                       "checksum requires HTTP(S) or Git sources",
                       {},
                       "leave it out: files of the context are what they are"});
    if (kind == SourceKind::http)
        if (auto digest = Digest::parse(*op.checksum); !digest)
            return refuse(std::move(digest).error().in("--checksum"));
    const bool is_hex = op.checksum->find_first_not_of("0123456789abcdef") == std::string::npos;
    if (kind == SourceKind::git && (!is_hex || op.checksum->size() > 64))
        return refuse({ErrorCode::invalid, "invalid checksum " + printable(*op.checksum) +
                                               " for Git URL, expected hex commit hash"});
    return {};
}

/// `COPY --chown=a:b x y # buildkit`: sources and destination expanded, but not made absolute.
std::string copy_history(std::string_view keyword, const CopyOp& op, std::string_view destination) {
    std::string text(keyword);
    if (op.parents) text += " --parents";
    if (op.chown) text += " --chown=" + *op.chown;
    if (op.chmod) text += " --chmod=" + *op.chmod;
    for (const std::string& source : op.sources)
        text += " " + shown_source(source);
    for (const InlineFile& file : op.inline_files)
        text += " <<" + file.written;
    return text.append(" ").append(destination).append(" # buildkit");
}

Status fold_copy(StageState& state, const CopyBase& written, bool is_add, Step& step) {
    Expander expander = state.expander();
    CopyOp op{.is_add = is_add,
              .parents = written.parents,
              .keep_git_dir = written.keep_git_dir.value_or(false),
              .unpack = written.unpack};
    TRY_ASSIGN(op.chown, flag_value(expander, written.chown));
    TRY_ASSIGN(op.chmod, flag_value(expander, written.chmod));
    if (written.chown) op.chown_span = written.chown->span;
    // BuildKit makes no independent layer of what it has to change the modes of.
    op.link = written.link && !op.chmod;
    TRY_ASSIGN(op.checksum, flag_value(expander, written.checksum));
    TRY(expand_sources(state, expander, written, op));
    TRY_ASSIGN(const auto destination, expander.word(written.destination));
    TRY(check_chmod(state, written, op));
    TRY(check_checksum(state, written, op));
    TRY(check_git(state, written, op));
    op.destination = destination_path(state.directory(), destination);
    TRY(take_excludes(state, written, op));
    if (written.from && !written.from->text.empty()) {
        auto origin = resolve_from(state.file, state.graph, state.index, written.from->text,
                                   state.options.platform, FromKind::copy);
        if (!origin) return state.fail_at(std::move(origin).error(), written.from->span);
        op.from = *origin;
    }
    step.created_by = copy_history(is_add ? "ADD" : "COPY", op, destination);
    step.makes_layer = true;
    step.op = std::move(op);
    return {};
}

} // namespace

Status fold(StageState& state, const Copy& copy, Step& step) {
    return fold_copy(state, copy, false, step);
}

Status fold(StageState& state, const Add& add, Step& step) {
    return fold_copy(state, add, true, step);
}

} // namespace mybuild::plan
