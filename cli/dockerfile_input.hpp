#pragma once

#include "base/result.hpp"
#include "builder/copy/source_tree.hpp"
#include "cli/commands.hpp"

#include <memory>
#include <optional>
#include <string>

namespace mybuild::cli {

/// Bytes; a larger Dockerfile or ignore file is refused.
inline constexpr std::size_t max_dockerfile = std::size_t{16} * 1024 * 1024;

/// The Dockerfile that goes with a context directory: standard input for `-f -`, the file that -f
/// names, else the one with a usual name in the context.
struct DockerfileInput {
    std::string path; ///< relative to the current directory or absolute; empty: standard input
    std::shared_ptr<const Source> source;
};
Result<DockerfileInput> read_dockerfile(const BuildCommand& command);

/// What is left of a stream whose first bytes are `start`, as a Dockerfile.
Result<std::shared_ptr<const Source>> read_dockerfile_text(int fd, std::string start);

/// The Dockerfile's own ignore file, else the context directory's (dockerfile-language.md, section
/// 7); null: there is none.
Result<std::shared_ptr<const Source>> read_ignore_file(const std::string& dockerfile,
                                                       const std::string& context);

/// A regular file of a tree, links followed inside it, under the name that errors show; null: there
/// is none.
Result<std::shared_ptr<const Source>> read_tree_file(SourceTree& tree, const std::string& path,
                                                     const std::string& shown);

/// The same two for a context that is a tree: paths are inside it. `name`: what -f says.
struct TreeInputs {
    std::shared_ptr<const Source> dockerfile;
    std::shared_ptr<const Source> ignore_file;
};
Result<TreeInputs> read_tree_inputs(SourceTree& tree, const std::optional<std::string>& name);

} // namespace mybuild::cli
