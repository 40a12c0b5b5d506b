#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"

namespace mybuild::lint::rules {
namespace {

void run(const Subject& subject, Report& report) {
    if (subject.graph == nullptr) return;
    const auto target = subject.graph->target;
    if (!subject.planned[target]) return;
    const auto& user = subject.plans[target].config.user;
    const auto name = user.substr(0, user.find(':'));
    if (!name.empty() && name != "root" && name != "0") return;
    const auto& from = subject.graph->stages[target].ast->from;
    Found found{.message = "The image runs as root",
                .mark = from.span,
                .fix = "USER NAME (or a number) below the last step that needs root"};
    if (!subject.base_known[target])
        found.notes.emplace_back("the base image is not in the store: whether it has a USER is not "
                                 "known");
    report.add(from, std::move(found));
}

} // namespace

const Rule missing_user{
    .name = "MissingUser",
    .summary = "The final image should not run as root",
    .url = "",
    .on = Default::named,
    .run = run,
    .page = {
        .why =
            "A program that is broken into has the rights of its user. Root in a container is kept "
            "from much, but not from\neverything that it can reach: mounted volumes above "
            "all.",
        .bad = "FROM alpine:3.20\nCMD [\"httpd\", \"-f\"]\n",
        .good = "FROM alpine:3.20\nUSER nobody\nCMD [\"httpd\", \"-f\"]\n",
        .more =
            "Off unless `# check=experimental=MissingUser` asks for it: many images start as root "
            "and change the user\nthemselves."}};

} // namespace mybuild::lint::rules
