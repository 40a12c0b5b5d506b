#pragma once

#include "base/result.hpp"
#include "builder/plan/contexts.hpp"
#include "image/oci/platform.hpp"
#include "image/oci/reference.hpp"
#include "parser/ast.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace mybuild::plan {

/// What the command line says about a build, as far as the plan depends on it.
struct PlanOptions {
    std::map<std::string, std::string> build_args = {};
    std::optional<std::string> target = {};
    std::vector<std::pair<std::string, std::string>> labels = {}; ///< --label, applied last
    oci::Platform platform = {};                                  ///< target platform
    bool platform_given = false;       ///< --platform was written: it is put into the final config
    oci::Platform build_platform = {}; ///< the machine's
    NamedContexts contexts = {};       ///< --build-context
    bool allow_host_network = false;   ///< RUN --network=host may be built (--allow network.host)
    bool allow_insecure =
        false; ///< RUN --security=insecure may be built (--allow security.insecure)
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
    /// Key in PlanOptions::contexts of the OCI layout that holds it; empty: it is in the store or a
    /// registry.
    std::string layout = {};
    friend bool operator==(const FromImage&, const FromImage&) = default;
};
/// A named context that is a tree of files: a directory, a repository, an archive.
struct FromContext {
    std::string name; ///< key in PlanOptions::contexts
    friend bool operator==(const FromContext&, const FromContext&) = default;
};
using Origin = std::variant<FromScratch, FromStage, FromImage, FromContext>;

struct StageNode {
    const StageAst* ast = nullptr; ///< owned by the Dockerfile
    std::string name = {};         ///< the alias in lower case; empty: none
    Origin base = {};
    oci::Platform platform = {}; ///< effective; inherited from a base stage
    /// Stages that must be there before: base, --from, from=; sorted, each once.
    std::vector<std::size_t> needs = {};
    std::vector<FromImage> images = {}; ///< images it needs itself: base, --from, from=; each once
    std::vector<std::string> contexts = {}; ///< named contexts (FromContext) it needs; each once
    /// A named context stands for all of it: its instructions mean nothing.
    bool replaced = false;
    bool reachable = false; ///< the target needs it
};

/// The stages of a Dockerfile and how they hang together (dockerfile-language.md, section 5).
struct StageGraph {
    std::vector<StageNode> stages; ///< in file order, which is an order they can be built in
    std::size_t target = 0;
    /// Values of ARGs before the first FROM and of the automatic platform args.
    std::map<std::string, std::optional<std::string>> global_args;
    std::vector<FromImage> images;     ///< every image that reachable stages need, each once
    std::vector<std::string> contexts; ///< every named context (FromContext) likewise
    NamedContexts named;               ///< all that the command line gives
};

/// Errors, each located where there is a place: no such target (with suggestion), expansion and
/// platform errors in any FROM, invalid names, a bad index, circular references, --from of a later
/// stage. All independent ones are found: they come as one, with `others`.
Result<StageGraph> plan_stages(const Dockerfile& file, const PlanOptions& options);

/// Takes in the ONBUILD triggers of a base image, once its config is known: the stages and images
/// that they copy or mount from become needs of `stage`, and reachable if it is. Triggers of a base
/// stage of the same file are known to plan_stages already. Errors stand at the stage's FROM.
Status add_trigger_needs(const Dockerfile& file, StageGraph& graph, std::size_t stage,
                         std::span<const std::string> on_build, const PlanOptions& options);

/// Where a name to copy from was written: only COPY takes a number as the index of a stage.
enum class FromKind : std::uint8_t { copy, mount };

/// Resolves the text of `--from=` or `from=` as seen from stage `current`: index, stage, `scratch`,
/// image (for `platform`). Errors, without location: bad index, no valid image name, a stage that
/// does not stand above.
Result<Origin> resolve_from(const Dockerfile& file, const StageGraph& graph, std::size_t current,
                            std::string_view text, const oci::Platform& platform,
                            FromKind kind = FromKind::copy);

/// For an image that nobody has: whether its name looks like that of a stage (mistyped, or standing
/// below `current`). A hint, or an empty text.
[[nodiscard]] std::string stage_hint(const StageGraph& graph, std::size_t current,
                                     std::string_view name);

} // namespace mybuild::plan
