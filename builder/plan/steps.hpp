#pragma once

#include "base/result.hpp"
#include "builder/plan/failed_names.hpp"
#include "builder/plan/stages.hpp"
#include "builder/plan/unset_variable.hpp"
#include "image/oci/oci.hpp"
#include "parser/ast.hpp"
#include "parser/mount.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace mybuild::plan {

/// RUN, ready to execute: everything expanded.
struct RunOp {
    std::vector<std::string> argv = {};      ///< SHELL and the text, or the exec form
    std::vector<std::string> env = {};       ///< `K=V`: the image's and declared args; no proxies
    std::vector<std::string> proxy_env = {}; ///< proxy variables: given to the process, in no key
    std::string user = {};
    std::string working_dir = {}; ///< absolute
    std::string network = "default";
    std::string security = "sandbox";
    std::string hostname = {}; ///< BUILDKIT_SANDBOX_HOSTNAME; empty: what all steps have
    /// In an order to mount them in: by target, which is absolute (but empty for a secret that is
    /// only a variable). `from` is resolved in mount_origins.
    std::vector<Mount> mounts = {};
    std::vector<Origin> mount_origins = {}; ///< one for each; FromScratch where there is no from=
    std::vector<Span> mount_spans = {};     ///< one for each: where it is written
    /// Heredoc scripts: name and content; mounted below /dev/pipes, mode 0755, read-only.
    std::vector<std::pair<std::string, std::string>> script_files = {};
};

/// A heredoc among a COPY's sources.
struct InlineFile {
    std::string name = {};
    std::string written = {}; ///< the delimiter: it may say the name as a path
    std::string content = {};
    Span span = {};
};

/// COPY and ADD, everything expanded.
struct CopyOp {
    bool is_add = false;
    std::vector<std::string> sources = {};
    std::vector<Span> source_spans = {}; ///< where each stands in the file
    std::vector<InlineFile> inline_files = {};
    std::string destination = {};    ///< absolute, joined to WORKDIR; trailing `/` kept (`.` and
                                     ///< an empty one count as having it)
    std::optional<Origin> from = {}; ///< none: the build context
    std::optional<std::string> chown = {}, chmod = {}, checksum = {};
    Span chown_span = {}; ///< where the value of --chown stands
    bool link = false;    ///< an independent layer: nothing below it is looked at
    bool parents = false, keep_git_dir = false;
    std::optional<bool> unpack = {};
    std::vector<std::string> excludes = {};
};

/// WORKDIR: makes the directory where it is missing.
struct WorkdirOp {
    std::string path = {}; ///< absolute, clean
    std::string user = {}; ///< owns what is made
};

/// Changes the config alone.
struct MetaOp {};

using StepOp = std::variant<RunOp, CopyOp, WorkdirOp, MetaOp>;

/// One instruction of a stage after FROM, or a trigger of its base.
struct Step {
    StepOp op = {};
    std::string keyword = {}; ///< `RUN`
    std::string text = {};    ///< as written: what people see
    Span span = {};           ///< in the Dockerfile; a trigger has that of its FROM
    bool is_trigger = false;  ///< from ONBUILD of the base
    bool makes_layer = false;
    bool has_history = true;      ///< ONBUILD writes none, though it has a text here too
    std::string created_by = {};  ///< history text (dockerfile-language.md, 6.18)
    oci::ImageConfig config = {}; ///< after this step, without created, history and diff ids
    /// Not owned where it is in the Dockerfile: that outlives the plan.
    std::shared_ptr<const Instruction> instruction = {};
    /// Expanded: the path of WORKDIR, the ports of EXPOSE, the names of ENV; of others nothing.
    std::vector<Word> words = {};
};

/// A stage with its base known.
struct StagePlan {
    std::string from_text = {}; ///< `FROM x AS y` as written
    Span from_span = {};
    /// What the stage starts with (triggers taken out, PATH added); history and diff ids as
    /// StageBase has them, no `created`.
    oci::ImageConfig base_config = {};
    std::vector<Step> steps = {}; ///< triggers first
    std::size_t trigger_count = 0;
    /// After the last step, without created, history and diff ids. Of the target also with --label
    /// and an explicit --platform: they are in no step's config, so that no key depends on them.
    oci::ImageConfig config = {};
    /// Declared args at the end: children inherit.
    std::map<std::string, std::optional<std::string>> args = {};
    /// Their names in order of first declaration, inherited ones first.
    std::vector<std::string> declared_order = {};
    std::vector<UnsetVariable> unset = {}; ///< in the order in which they were met
    /// Located, in the order of their places; if there are any, the rest is incomplete. What only
    /// follows from one of them is not among them.
    std::vector<Error> errors = {};
    FailedNames failed_names = {}; ///< what those errors keep from being known
};

/// What planning a stage needs to know of what stands below it.
struct StageBase {
    oci::ImageConfig config =
        {}; ///< of the image or the base stage's StagePlan; default for scratch
    std::map<std::string, std::optional<std::string>> inherited_args = {}; ///< of a base stage
    std::vector<std::string> declared_order = {}; ///< names in order of declaration, for history
    FailedNames failed_names = {};                ///< of a base stage with errors
};

/// What a stage of the same file leaves to one that is based on it.
[[nodiscard]] StageBase base_from(const StagePlan& parent);

/// Expands and folds one stage: pure. `stage` is an index of `graph`. Goes on after an error, so
/// that the plan has all of them.
[[nodiscard]] StagePlan plan_stage(const Dockerfile& file, const StageGraph& graph,
                                   std::size_t stage, const StageBase& base,
                                   const PlanOptions& options);

/// Names of build args that neither an ARG before the first FROM nor a reachable stage declared
/// (predefined, automatic and BuildKit's own ones never count), sorted. ARGs among the triggers of
/// base images are not in the file: `also_declared` takes them, for example every StagePlan's
/// declared_order.
std::vector<std::string> unused_build_args(const Dockerfile& file, const StageGraph& graph,
                                           const PlanOptions& options,
                                           const std::vector<std::string>& also_declared = {});

} // namespace mybuild::plan
