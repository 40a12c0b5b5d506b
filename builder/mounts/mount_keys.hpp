#pragma once

#include "builder/session.hpp"

#include <optional>
#include <stop_token>

namespace mybuild {

/// The build context or named context that a mount shows files of; null: it shows none.
[[nodiscard]] SourceTree* shown_context(const Session& session, const Mount& mount,
                                        const plan::Origin& origin);

/// Digests of what the mounts of a RUN show of the context, one for each that does. Errors stand at
/// the flag: a source that is not there.
Result<std::vector<Digest>> mounted_contexts(const Session& session, const plan::RunOp& op);

/// What the mounts of a RUN show of the context (`contexts`, as above), of stages and of images, as
/// far as it is known before anything runs: definitions of stages, ids of images. None where they
/// show nothing of that kind.
std::optional<Digest> mounts_definition(const Session& session, const plan::RunOp& op,
                                        const std::vector<Digest>& contexts);

/// The same by content: of the files that the step will see. The stages it needs are done.
Result<std::optional<Digest>> mounts_content(const Session& session, const plan::RunOp& op,
                                             const std::vector<Digest>& contexts,
                                             const std::stop_token& stop);

} // namespace mybuild
