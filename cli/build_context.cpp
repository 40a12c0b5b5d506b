#include "cli/build_context.hpp"

#include "base/fs.hpp"
#include "builder/copy/spooled_tree.hpp"
#include "cli/dockerfile_input.hpp"
#include "cli/remote_context.hpp"
#include "cli/wire.hpp"
#include "image/byte_stream_io.hpp"
#include "parser/git_url.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mybuild::cli {
namespace {

constexpr std::size_t sniffed_bytes = 1024; // as Docker's clients look at
/// More than the largest source trees have; a listing of so many takes about 1 GB of memory.
constexpr std::uint64_t max_entries = 4'000'000;

Status check_directory(const std::string& context) {
    if (context.find("://") != std::string::npos) {
        return fail({ErrorCode::unsupported,
                     fmt::format("the build context {} is no directory of this machine", context),
                     {},
                     "unpack or clone it first and name the directory"});
    }
    struct stat info {};
    if (::stat(context.c_str(), &info) != 0)
        return fail({ErrorCode::not_found,
                     fmt::format("unable to prepare context: path \"{}\" not found", context)});
    if (!S_ISDIR(info.st_mode))
        return fail(
            {ErrorCode::invalid,
             fmt::format("unable to prepare context: {} is not a directory", context),
             {},
             "the last argument is the directory that COPY reads from; -f names the Dockerfile"});
    return {};
}

Result<OpenedContext> open_directory(Wire& wire, const BuildCommand& command,
                                     const Remote& remote) {
    if (!command.file || !is_http_url(*command.file)) return open_directory(command);
    TRY(check_directory(command.context));
    OpenedContext opened;
    TRY_ASSIGN(opened.dockerfile, fetch_dockerfile(wire, *command.file, remote));
    TRY_ASSIGN(opened.context.ignore_file, read_ignore_file({}, command.context));
    TRY_ASSIGN(opened.context.directory, canonical_directory(command.context));
    return opened;
}

Result<OpenedContext> open_stdin(Wire& wire, const BuildCommand& command, const Remote& remote) {
    if (command.file == "-") {
        return fail({ErrorCode::usage,
                     "invalid argument: can't use stdin for both build context and dockerfile"});
    }
    FdSource input(STDIN_FILENO, "standard input");
    TRY_ASSIGN(auto start, read_start(input, sniffed_bytes));
    OpenedContext opened;
    if (!looks_like_archive(start)) {
        if (command.file) {
            return fail({ErrorCode::usage,
                         "ambiguous Dockerfile source: both stdin and flag correspond to "
                         "Dockerfiles",
                         {},
                         "leave -f out, or give a tar as the context on standard input"});
        }
        TRY_ASSIGN(opened.dockerfile, read_dockerfile_text(STDIN_FILENO, std::move(start)));
        opened.context.tree = SpooledTree::empty(
            {"build context", "standard input was the Dockerfile, so the build context is empty; "
                              "`-f - DIRECTORY` gives both"});
        return opened;
    }
    MemorySource first(start);
    FdSource rest(STDIN_FILENO, "standard input");
    JoinedSource archive(first, rest);
    TRY_ASSIGN(auto spool, Spool::create(wire.store()));
    TarLimits limits;
    limits.max_entries = max_entries;
    auto tree = SpooledTree::unpack(archive, std::move(spool),
                                    {"build context", "is it in the archive, and not excluded by "
                                                      "its .dockerignore?"},
                                    limits);
    if (!tree) return fail(std::move(tree).error().in("standard input"));
    opened.context.tree = std::move(*tree);
    if (command.file && is_http_url(*command.file)) {
        TRY_ASSIGN(opened.dockerfile, fetch_dockerfile(wire, *command.file, remote));
        TRY_ASSIGN(opened.context.ignore_file,
                   read_tree_file(*opened.context.tree, ".dockerignore", ".dockerignore"));
        return opened;
    }
    TRY_ASSIGN(auto inputs, read_tree_inputs(*opened.context.tree, command.file));
    opened.dockerfile = std::move(inputs.dockerfile);
    opened.context.ignore_file = std::move(inputs.ignore_file);
    return opened;
}

} // namespace

Result<std::string> canonical_directory(const std::string& path) {
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                           &std::free);
    if (!real) return fail(errno_error(path, errno));
    struct stat info {};
    if (::stat(real.get(), &info) != 0) return fail(errno_error(path, errno));
    if (!S_ISDIR(info.st_mode))
        return fail({ErrorCode::invalid, fmt::format("{} is not a directory", path)});
    return std::string(real.get());
}

Result<OpenedContext> open_directory(const BuildCommand& command) {
    TRY(check_directory(command.context));
    OpenedContext opened;
    TRY_ASSIGN(auto dockerfile, read_dockerfile(command));
    opened.dockerfile = std::move(dockerfile.source);
    TRY_ASSIGN(opened.context.ignore_file, read_ignore_file(dockerfile.path, command.context));
    TRY_ASSIGN(opened.context.directory, canonical_directory(command.context));
    return opened;
}

Result<OpenedContext> open_context(Wire& wire, const BuildCommand& command, const Remote& remote) {
    if (command.context == "-") return open_stdin(wire, command, remote);
    struct stat info {};
    const bool is_directory = ::stat(command.context.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
    if (!is_directory && is_git_context(command.context))
        return open_git_context(wire, command, remote);
    if (!is_directory && is_http_url(command.context))
        return open_url_context(wire, command, remote);
    return open_directory(wire, command, remote);
}

} // namespace mybuild::cli
