#pragma once

#include "base/source.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild {

/// What kind of thing went wrong: programs and the command line's exit code decide by it; people
/// read the message.
enum class ErrorCode : std::uint8_t {
    internal,       ///< a bug of ours
    usage,          ///< a wrong flag or argument
    syntax,         ///< the Dockerfile (or another text of the user's) is malformed
    invalid,        ///< well-formed, but it makes no sense
    not_found,      ///< a file, image, stage or tag that is not there
    io,             ///< the operating system refused
    no_space,       ///< no space or quota left
    network,        ///< a peer could not be reached or broke off
    denied,         ///< a peer or the system said no
    corrupt,        ///< bytes that do not have the digest or form they should have
    unsupported,    ///< valid, but this machine or version cannot do it
    command_failed, ///< a RUN command ended with a non-zero exit code
    cancelled,      ///< stopped by a signal or because another step failed
};

/// Where an error is in a source text.
struct SourceLocation {
    std::shared_ptr<const Source> source;
    Span span;
};

/// An expected failure. A layer that knows more adds context once on the way up; it is rendered
/// only at the edge (see base/render.hpp).
struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string message;                      ///< what failed and why; no trailing full stop
    std::optional<SourceLocation> where = {}; ///< the Dockerfile line, once it is known
    std::string hint = {};                    ///< what to do next; may be empty
    std::vector<std::string> notes = {};      ///< further facts, one line each
    int exit_code = 1;                        ///< the process's exit code if this ends it
    std::vector<Error> others = {};           ///< independent errors found along with this one

    /// The same error with `context: ` before its message.
    [[nodiscard]] Error in(std::string_view context) &&;
    [[nodiscard]] Error with_hint(std::string text) &&;
    [[nodiscard]] Error with_note(std::string text) &&;
    /// Sets the location unless a more precise one is known already.
    [[nodiscard]] Error at(std::shared_ptr<const Source> source, Span span) &&;
};

/// An Error for a failed system call: `what: strerror(errno)`, with the code that fits the errno
/// (ENOSPC and EDQUOT: no_space, ENOENT: not_found, EACCES and EPERM: denied, else io).
[[nodiscard]] Error errno_error(std::string_view what, int errno_value);

} // namespace mybuild
