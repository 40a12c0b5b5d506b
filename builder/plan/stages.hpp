#pragma once

#include "base/result.hpp"
#include "image/oci/platform.hpp"
#include "image/oci/reference.hpp"
#include "parser/ast.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace mybuild::plan {

/// What the command line says about a build, as far as the plan depends on it.
struct PlanOptions {
    std::map<std::string, std::string> build_args = {};
    std::optional<std::string> target = {};
    std::vector<std::pair<std::string, std::string>> labels = {}; ///< --label, applied last
    oci::Platform platform = {};       ///< target platform
    bool platform_given = false;       ///< --platform was written: it is put into the final config
    oci::Platform build_platform = {}; ///< the machine's
};

/// What a stage, a COPY --from or a mount from= starts from.
struct FromScratch {
    friend bool operator==(const FromScratch&, const FromScratch&) = default;
};
struct FromStage {
    std::size_t index;
    friend bool operator==(const FromStage&, const FromStage&) = default;
};
struct FromImage {
    oci::Reference name;
    oci::Platform platform;
    friend bool operator==(const FromImage&, const FromImage&) = default;
};
using Origin = std::variant<FromScratch, FromStage, FromImage>;

struct StageNode {
    const StageAst* ast = nullptr;  ///< owned by the Dockerfile
    std::string name;               ///< the alias in lower case; empty: none
    Origin base;
    oci::Platform platform;         ///< effective; inherited from a base stage
    std::vector<std::size_t> needs; ///< stages that must be there before: base, --from, from=; sorted
    bool reachable = false;         ///< the target needs it
};

/// The stages of a Dockerfile and how they hang together (dockerfile-language.md, section 5).
struct StageGraph {
    std::vector<StageNode> stages;     ///< in file order, which is an order they can be built in
    std::size_t target = 0;
    std::map<std::string, std::optional<std::string>> global_args; ///< values of ARGs before FROM and
                                                                   ///< the automatic platform args
    std::vector<FromImage> images;     ///< every image that reachable stages need, each once
};

/// Errors: no such target (with suggestion), expansion and platform errors in any FROM, invalid names,
/// --from of a later stage, bad index; each located.
Result<StageGraph> plan_stages(const Dockerfile& file, const PlanOptions& options);

/// Resolves the text of `--from=` or `from=` as seen from stage `current`.
Result<Origin> resolve_from(const Dockerfile& file, const StageGraph& graph, std::size_t current,
                            std::string_view text, const oci::Platform& platform);

} // namespace mybuild::plan
