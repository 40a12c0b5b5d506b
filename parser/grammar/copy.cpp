#include "parser/grammar/clause.hpp"
#include "parser/text.hpp"
#include "parser/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace mybuild::grammar {
namespace {

/// --from names a stage before any variable has a value, so its text must stand for itself.
Status check_from(const Clause& clause, const std::optional<Word>& from) {
    if (!from) return {};
    const auto nothing_set = [](std::string_view) -> std::optional<std::string> {
        return std::nullopt;
    };
    const auto expanded = expand(from->text, nothing_set, clause.escape);
    if (expanded && *expanded == from->text) return {};
    return fail(clause.invalid("variable expansion is not supported for --from, define a new stage "
                               "with FROM using ARG from global scope as a workaround",
                               from->span,
                               "write FROM with the variable AS a name, and --from=name"));
}

/// The body read for an opener; two of one name both get the last one. In the JSON form, where no
/// body is read, the file is empty.
Heredoc source_file(const Clause& clause, const Opener& opener, const Word& word) {
    const auto& all = clause.heredocs;
    const auto found = std::find_if(all.rbegin(), all.rend(), [&](const Heredoc& heredoc) {
        return heredoc.name == opener.name;
    });
    Heredoc file;
    if (found != all.rend()) file = *found;
    file.name = opener.name;
    file.expand = opener.expand;
    file.strip_tabs = opener.strip_tabs;
    file.fd = opener.fd;
    file.span = word.span;
    return file;
}

/// A body that no source asks for was meant for one: `COPY << EOF /x`, `COPY <<'a b' /x`.
Status check_heredocs_used(const Clause& clause, const CopyBase& copy) {
    for (const auto& read : clause.heredocs) {
        const bool used =
            std::any_of(copy.heredocs.begin(), copy.heredocs.end(),
                        [&](const Heredoc& heredoc) { return heredoc.name == read.name; });
        if (used) continue;
        return fail(clause.invalid(
            fmt::format("the heredoc {} is not one word, so {} cannot use it as a source",
                        text::quoted(read.name), clause.keyword),
            read.span, "write the delimiter right after <<, without blanks"));
    }
    return {};
}

/// `COPY "a b" /x` has three words: only the JSON form can have blanks in a path.
void warn_of_quotes(const Clause& clause, const std::vector<std::string_view>& parts) {
    for (const auto part : parts) {
        const bool open = part.starts_with('"') || part.starts_with('\'');
        if (!open || (part.size() > 1 && part.ends_with(part.front()))) continue;
        clause.warn("quotes do not keep words together here", part,
                    fmt::format("for a path with blanks write {} [\"SOURCE\", \"DESTINATION\"]",
                                clause.keyword));
        return;
    }
}

Result<std::vector<Word>> read_items(const Clause& clause, bool& json) {
    TRY_ASSIGN(auto items, json_items(clause, clause.arguments()));
    json = items.has_value();
    if (!items) {
        const auto parts = split_blanks(clause.arguments());
        if (!resembles_json_array(clause.arguments())) warn_of_quotes(clause, parts);
        items = words(clause, parts);
    }
    if (items->size() >= 2) return std::move(*items);
    return fail(clause.invalid(
        fmt::format(
            "{} requires at least two arguments, but only one was provided. Destination could "
            "not be determined",
            clause.keyword),
        clause.whole(), fmt::format("write {} SOURCE... DESTINATION", clause.keyword)));
}

Status read_paths(const Clause& clause, CopyBase& copy) {
    TRY_ASSIGN(auto items, read_items(clause, copy.json));
    copy.destination = std::move(items.back());
    items.pop_back();
    if (parse_opener(copy.destination.text)) {
        return fail(clause.invalid(
            fmt::format("{} cannot accept a heredoc as a destination", clause.keyword),
            copy.destination.span, "write the destination path after the heredoc"));
    }
    for (auto& item : items) {
        if (const auto opener = parse_opener(item.text))
            copy.heredocs.push_back(source_file(clause, *opener, item));
        else
            copy.sources.push_back(std::move(item));
    }
    return check_heredocs_used(clause, copy);
}

void take_common_flags(const FlagValues& flags, CopyBase& copy) {
    copy.chown = flags.text("chown");
    copy.chmod = flags.text("chmod");
    copy.link = flags.boolean("link").value_or(false);
    copy.excludes = flags.all("exclude");
}

} // namespace

Result<InstructionBody> build_copy(const Clause& clause) {
    Copy copy;
    TRY_ASSIGN(const auto flags, FlagValues::read(clause, {{"from", FlagKind::text},
                                                           {"chown", FlagKind::text},
                                                           {"chmod", FlagKind::text},
                                                           {"link", FlagKind::boolean},
                                                           {"parents", FlagKind::boolean},
                                                           {"exclude", FlagKind::repeated}}));
    take_common_flags(flags, copy);
    copy.from = flags.text("from");
    copy.parents = flags.boolean("parents").value_or(false);
    TRY(read_paths(clause, copy));
    TRY(check_from(clause, copy.from));
    return copy;
}

Result<InstructionBody> build_add(const Clause& clause) {
    Add add;
    TRY_ASSIGN(const auto flags, FlagValues::read(clause, {{"chown", FlagKind::text},
                                                           {"chmod", FlagKind::text},
                                                           {"link", FlagKind::boolean},
                                                           {"exclude", FlagKind::repeated},
                                                           {"keep-git-dir", FlagKind::boolean},
                                                           {"checksum", FlagKind::text},
                                                           {"unpack", FlagKind::boolean}}));
    take_common_flags(flags, add);
    add.keep_git_dir = flags.boolean("keep-git-dir");
    add.checksum = flags.text("checksum");
    add.unpack = flags.boolean("unpack");
    TRY(read_paths(clause, add));
    return add;
}

} // namespace mybuild::grammar
