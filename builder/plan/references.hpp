#pragma once

#include "builder/plan/stages.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild::plan {

/// A `--from=` or `from=` of an instruction.
struct Reference {
    std::string text;
    Span span; ///< of the name, or of the flag that holds it
    FromKind kind = FromKind::copy;
};

/// The references of one instruction; a broken --mount is an error.
Result<std::vector<Reference>> references_of(const Dockerfile& file,
                                             const Instruction& instruction);

/// `builder`, or `stage-2` for one without a name.
[[nodiscard]] std::string display_name(std::span<const StageNode> stages, std::size_t index);

/// The last stage of the whole file that has the name, in any case.
[[nodiscard]] std::optional<std::size_t> find_stage(std::span<const StageNode> stages,
                                                    std::string_view name);

/// What stands for a name because of --build-context; none: nothing does.
[[nodiscard]] std::optional<Origin>
replacement_of(const NamedContexts& contexts, std::string_view name, const oci::Platform& platform);

/// What a reference means, wherever the stage stands that it names. Errors, without location: bad
/// index, no valid image name.
Result<Origin> resolve_reference(const StageGraph& graph, std::string_view text, FromKind kind,
                                 const oci::Platform& platform);

/// Refuses a reference to a stage that does not stand above `current`.
Status check_order(std::span<const StageNode> stages, std::size_t current, std::size_t needed,
                   std::string_view text, FromKind kind);

/// Parses an ONBUILD trigger of a base image or stage. Errors stand at `from` and name the trigger.
Result<Instruction> parse_trigger(const Dockerfile& file, const Instruction& from,
                                  std::string_view text);

/// The error with the trigger that it comes from before its message.
[[nodiscard]] Error in_trigger(Error error, std::string_view text);

} // namespace mybuild::plan
