#include "builder/plan/copy_source.hpp"
#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"
#include "parser/text.hpp"

#include <algorithm>
#include <array>

namespace mybuild::lint::rules {
namespace {

constexpr std::array<std::string_view, 14> archive_endings{
    ".tar", ".tgz", ".tbz", ".tbz2", ".txz",  ".tzst", ".tlz",
    ".gz",  ".bz2", ".xz",  ".zst",  ".lzma", ".lz4",  "*"};

bool may_be_archive(const std::string& source) {
    const auto name = text::lower(source);
    return std::ranges::any_of(archive_endings,
                               [&](std::string_view ending) { return name.ends_with(ending); });
}

void run(const Subject& subject, Report& report) {
    each_step(subject, [&](std::size_t, const plan::Step& step) {
        const auto* op = std::get_if<plan::CopyOp>(&step.op);
        const auto* add = body_of<Add>(step);
        if (op == nullptr || add == nullptr) return;
        if (add->checksum || add->keep_git_dir || add->unpack) return;
        const bool plain = std::ranges::all_of(op->sources, [](const std::string& source) {
            return plan::classify_source(source) == plan::SourceKind::path &&
                   !may_be_archive(source);
        });
        if (!plain) return;
        const auto& keyword = step.instruction->keyword_span;
        const auto written = keyword_of(step);
        const auto* copy = written == text::lower(written) ? "copy" : "COPY";
        report.add(*step.instruction,
                   {.message = "ADD where COPY does the same",
                    .mark = keyword,
                    .fix = with_replaced(subject, *step.instruction, keyword, copy)});
    });
}

} // namespace

const Rule add_instead_of_copy{
    .name = "AddInsteadOfCopy",
    .summary = "Local files should be copied with COPY",
    .url = "",
    .run = run,
    .page = {
        .why = "ADD unpacks archives and fetches URLs and repositories. Where it only copies, COPY "
               "says "
               "so, and will not\nsuddenly unpack when somebody replaces a file by an archive.",
        .bad = "FROM scratch\nADD app /app\n",
        .good = "FROM scratch\nCOPY app /app\n",
        .more = "Sources that may be archives by their names, URLs and git repositories are not "
                "reported."}};

} // namespace mybuild::lint::rules
