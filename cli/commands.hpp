#pragma once

#include "builder/plan/contexts.hpp"
#include "cli/step_options.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace mybuild::cli {

/// `-o`: where a build's result goes besides the store.
struct OutputSpec {
    enum class Type { oci, docker, tar, local };
    Type type = Type::oci;
    std::string dest;                 ///< a file or directory; `-`: standard output
    std::string compression = "gzip"; ///< gzip, zstd or uncompressed (oci and docker)
};

/// --call: what to do with a Dockerfile instead of building it.
struct Call {
    enum class Method { build, check, outline, targets };
    enum class Format { text, json, sarif };
    Method method = Method::build;
    Format format = Format::text;
    bool ignore_status = false; ///< the exit code is 0 whatever a check finds
};

struct BuildCommand {
    Call call;
    std::string context;
    std::vector<std::string> tags;
    std::optional<std::string> file; ///< `-`: standard input
    std::vector<std::pair<std::string, std::optional<std::string>>> build_args;
    std::optional<std::string> target;
    std::vector<std::pair<std::string, std::string>> labels;
    bool no_cache = false;
    bool pull = false;
    std::string network = "default";
    std::vector<SecretSpec> secrets;
    std::vector<SshSpec> ssh;
    Allowed allowed;
    std::vector<std::string> added_hosts; ///< `name=address`
    std::optional<std::uint64_t> shm_size;
    std::vector<runtime::ResourceLimit> limits;
    std::vector<OutputSpec> outputs;
    std::optional<std::string> iidfile;
    bool quiet = false;
    std::string progress = "auto";
    std::optional<std::string> platform;
    plan::NamedContexts contexts; ///< paths of directories as written
};
struct ImagesCommand {
    std::string name; ///< only this repository; empty: all
    bool quiet = false;
    bool no_trunc = false;
    bool json = false;
};
struct TagCommand {
    std::string source, target;
};
struct RemoveCommand {
    std::vector<std::string> names;
    bool force = false;
};
struct PullCommand {
    std::string name;
    bool quiet = false;
    std::optional<std::string> platform;
};
struct LoadCommand {
    std::string input = "-"; ///< a file or directory; `-`: standard input
    bool quiet = false;
};
struct SaveCommand {
    std::vector<std::string> names;
    std::string output = "-";
};
struct InspectCommand {
    std::vector<std::string> names;
};
struct HistoryCommand {
    std::string name;
    bool quiet = false;
    bool no_trunc = false;
    bool json = false;
};

using Command = std::variant<BuildCommand, ImagesCommand, TagCommand, RemoveCommand, PullCommand,
                             LoadCommand, SaveCommand, InspectCommand, HistoryCommand>;

/// A command line understood.
struct CommandLineArgs {
    std::string root; ///< --root; empty: the default
    Command command;
};

} // namespace mybuild::cli
