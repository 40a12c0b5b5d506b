#pragma once

#include "builder/session.hpp"

#include <stop_token>

/// How steps that make a layer are executed.
namespace mybuild::ops {

/// Twelve hex digits at random, as people know them of containers.
std::string container_name();

/// Runs the command of a RUN in `scratch`. A non-zero exit code is ErrorCode::command_failed with
/// that code in Error::exit_code. False: the build context has changed meanwhile, so that what was
/// made does not belong to the step's keys.
Result<bool> run(Session& session, StepRef ref, const plan::RunOp& op, const Scratch& scratch,
                 std::stop_token stop);

/// The layer of a COPY, ADD or WORKDIR on top of `below`, which has the chain id `parent`.
Result<Layer> make_layer(Session& session, std::size_t stage, std::size_t index,
                         const StageView& below, const std::optional<Digest>& parent,
                         std::int64_t created_ns, std::stop_token stop);

/// Digest of the files that a COPY --from copies, from the listings of what it copies from.
Result<Digest> copied_content(Session& session, const plan::CopyOp& op, std::stop_token stop);

} // namespace mybuild::ops
