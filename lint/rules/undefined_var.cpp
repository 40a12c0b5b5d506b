#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mybuild::lint::rules {
namespace {

/// Variables that widely used base images set. Where an image is not there to be read, these are
/// taken for set.
constexpr std::array<std::string_view, 41> well_known{
    "ANDROID_HOME",
    "APP_UID",
    "BUNDLE_APP_CONFIG",
    "CARGO_HOME",
    "CATALINA_HOME",
    "CONDA_DIR",
    "CUDA_HOME",
    "CUDA_VERSION",
    "DOTNET_VERSION",
    "GEM_HOME",
    "GOLANG_VERSION",
    "GOPATH",
    "GOROOT",
    "GPG_KEY",
    "GRADLE_HOME",
    "HOME",
    "JAVA_HOME",
    "JAVA_VERSION",
    "JETTY_HOME",
    "JULIA_PATH",
    "LANG",
    "LD_LIBRARY_PATH",
    "MAVEN_HOME",
    "NB_USER",
    "NGINX_VERSION",
    "NODE_PATH",
    "NODE_VERSION",
    "NVIDIA_VISIBLE_DEVICES",
    "NVM_DIR",
    "PGDATA",
    "PHP_EXTRA_CONFIGURE_ARGS",
    "PHP_INI_DIR",
    "PHP_VERSION",
    "PYTHONPATH",
    "PYTHON_VERSION",
    "RUBY_VERSION",
    "RUSTUP_HOME",
    "RUST_VERSION",
    "TOMCAT_VERSION",
    "YARN_VERSION",
    "ZIG_VERSION",
};

const Instruction& owner_of(const StageAst& stage, Span where) {
    for (const Instruction& instruction : stage.instructions)
        if (instruction.span.begin <= where.begin && where.begin < instruction.span.end)
            return instruction;
    return stage.from; // of a trigger
}

/// Names are not variables of the build, however BuildKit's scanner reads them.
bool is_for_sbom(std::string_view name) {
    return name == "BUILDKIT_SBOM_SCAN_CONTEXT" || name == "BUILDKIT_SBOM_SCAN_STAGE";
}

void run(const Subject& subject, Report& report) {
    for (std::size_t stage = 0; stage < subject.plans.size(); ++stage) {
        if (!subject.planned[stage]) continue;
        const bool known = subject.base_known[stage];
        const auto& ast = *subject.graph->stages[stage].ast;
        for (const plan::UnsetVariable& variable : subject.plans[stage].unset) {
            if (is_for_sbom(variable.name)) continue;
            if (!known && std::ranges::find(well_known, variable.name) != well_known.end())
                continue;
            const auto& owner = owner_of(ast, variable.where);
            Found found{.message =
                            fmt::format("Usage of undefined variable '${}'{}", variable.name,
                                        variable.near.empty()
                                            ? ""
                                            : fmt::format(" (did you mean ${}?)", variable.near)),
                        .mark = variable.where,
                        .fix = variable.near.empty()
                                   ? variable.hint
                                   : with_variable(subject, owner, variable.where, variable.near)};
            if (!known)
                found.notes.emplace_back("the base image is not in the store: what it sets is not "
                                         "known (mybuild pull brings it there)");
            report.add(owner, std::move(found));
        }
    }
}

} // namespace

const Rule undefined_var{
    .name = "UndefinedVar",
    .summary = "Variables should be defined before their use",
    .url = "https://docs.docker.com/go/dockerfile/rule/undefined-var/",
    .origin = Origin::buildkit,
    .on = Default::everywhere,
    .run = run,
    .page = {
        .why = "A variable that neither an ENV nor an ARG of the stage nor the base image sets is "
               "empty: mostly a typing\nerror, an ARG that is declared further down, or one "
               "from before the first FROM that the stage has not\ndeclared again. Uses with a "
               "default (`${NAME:-value}`) are reported as well.",
        .bad = "FROM alpine:3.20\nCOPY $SRC_DIR /src\nARG SRC_DIR=src\n",
        .good = "FROM alpine:3.20\nARG SRC_DIR=src\nCOPY $SRC_DIR /src\n",
        .more = "A check never pulls. When the base image is not in the store, what it sets is not "
                "known: variables that\npopular images set (`JAVA_HOME`, `GOPATH`, …) are then "
                "taken for set, others are reported with a note.\nAfter `mybuild pull IMAGE` the "
                "check knows."}};

} // namespace mybuild::lint::rules
