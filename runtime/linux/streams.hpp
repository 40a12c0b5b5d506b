#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "runtime/sandbox.hpp"

namespace mybuild::runtime {

/// A pipe for one stream of the command.
struct OutputPipe {
    Fd read;  ///< non-blocking, ours
    Fd write; ///< the command's, not below 3
};

Result<OutputPipe> make_output_pipe();

/// Hands everything that comes from the two pipes to `output` until the process behind `pidfd` has
/// ended, then what is left in them. By then the kernel has killed the step's whole PID namespace,
/// so no writer is left, and one that got out all the same is not waited for.
Status pump(int out, int err, int pidfd, OutputSink& output);

} // namespace mybuild::runtime
