#pragma once

#include "base/result.hpp"
#include "builder/build.hpp"
#include "cli/commands.hpp"

#include <memory>

namespace mybuild::cli {

class Wire;
struct Remote;

/// What a build command's CONTEXT, `-f` and standard input come to.
struct OpenedContext {
    BuildContext context;
    std::shared_ptr<const Source> dockerfile;
};

/// The path of a directory without links and `..` in it. Errors: not there, no directory.
Result<std::string> canonical_directory(const std::string& path);

/// Opens the build context and reads the Dockerfile and the ignore file, wherever each of them is
/// (cli-and-outputs.md, section 3). Errors: a context or Dockerfile that is not there, standard
/// input asked for twice, what is no archive.
Result<OpenedContext> open_context(Wire& wire, const BuildCommand& command, const Remote& remote);

/// The same for a context and a Dockerfile that are on this machine: they need no store.
Result<OpenedContext> open_directory(const BuildCommand& command);

} // namespace mybuild::cli
