#include "cli/build_inputs.hpp"

#include "base/fs.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace mybuild::cli {
namespace {

constexpr std::size_t max_dockerfile = std::size_t{16} * 1024 * 1024;
constexpr std::array default_names{"Dockerfile", "dockerfile", "Containerfile"};

struct TextFile {
    std::string path; ///< relative to the current directory or absolute; empty: standard input
    std::shared_ptr<const Source> source;
};

Error unreadable(const std::string& path, Error error) {
    const bool missing = error.code == ErrorCode::not_found;
    error.message = fmt::format("failed to read dockerfile: {}", error.message);
    if (missing) {
        error.message =
            fmt::format("failed to read dockerfile: open {}: no such file or directory", path);
        error.hint = "-f names another file; without it Dockerfile or Containerfile in the context "
                     "directory is read";
    }
    return error;
}

Result<TextFile> read_source(const std::string& path, const std::string& shown) {
    auto text = fs::read_file_at(AT_FDCWD, path, max_dockerfile);
    if (!text) return fail(unreadable(shown, std::move(text).error()));
    return TextFile{path, std::make_shared<Source>(shown, std::move(*text))};
}

Result<TextFile> read_dockerfile(const BuildCommand& command) {
    if (command.file == "-") {
        auto text = fs::read_all(STDIN_FILENO, max_dockerfile);
        if (!text) return fail(std::move(text).error().in("standard input"));
        return TextFile{"", std::make_shared<Source>("Dockerfile", std::move(*text))};
    }
    if (command.file) return read_source(*command.file, *command.file);
    for (const auto* name : default_names) {
        const auto path = command.context + "/" + name;
        if (::access(path.c_str(), F_OK) == 0) return read_source(path, name);
    }
    return read_source(command.context + "/Dockerfile", "Dockerfile");
}

/// The Dockerfile's own ignore file, else the context's (dockerfile-language.md, section 7).
Result<std::shared_ptr<const Source>> read_ignore_file(const std::string& dockerfile,
                                                       const std::string& context) {
    std::vector<std::string> candidates{context + "/.dockerignore"};
    if (!dockerfile.empty()) candidates.insert(candidates.begin(), dockerfile + ".dockerignore");
    for (const auto& path : candidates) {
        auto text = fs::read_file_at(AT_FDCWD, path, max_dockerfile);
        if (text) return std::make_shared<const Source>(path, std::move(*text));
        if (text.error().code != ErrorCode::not_found) return fail(std::move(text).error());
    }
    return nullptr;
}

Status check_context(const std::string& context) {
    if (context == "-" || context.find("://") != std::string::npos) {
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

std::map<std::string, std::string> resolve_args(const BuildCommand& command) {
    std::map<std::string, std::string> args;
    for (const auto& [name, value] : command.build_args) {
        if (value) {
            args[name] = *value;
        } else if (const auto* from_environment = std::getenv(name.c_str())) {
            args[name] = from_environment;
        }
    }
    return args;
}

} // namespace

Result<BuildRequest> make_request(const BuildCommand& command) {
    TRY(check_context(command.context));
    BuildRequest request;
    TRY_ASSIGN(auto dockerfile, read_dockerfile(command));
    request.dockerfile = std::move(dockerfile.source);
    TRY_ASSIGN(request.ignore_file, read_ignore_file(dockerfile.path, command.context));
    std::unique_ptr<char, decltype(&std::free)> real(::realpath(command.context.c_str(), nullptr),
                                                     &std::free);
    if (!real) return fail(errno_error(command.context, errno));
    request.context = real.get();

    request.plan.build_args = resolve_args(command);
    request.plan.target = command.target;
    request.plan.labels = command.labels;
    request.plan.build_platform = oci::host_platform();
    request.plan.platform = request.plan.build_platform;
    if (command.platform) {
        TRY_ASSIGN(request.plan.platform, oci::parse_platform(*command.platform));
        request.plan.platform_given = true;
    }
    request.network = command.network;
    request.no_cache = command.no_cache;
    request.pull = command.pull;
    for (const auto& text : command.tags) {
        auto tag = oci::parse_reference(text);
        if (!tag) {
            auto error = std::move(tag).error().in(fmt::format("invalid tag \"{}\"", text));
            error.code = ErrorCode::usage;
            return fail(std::move(error));
        }
        if (tag->digest) {
            return fail(
                {ErrorCode::usage,
                 fmt::format("invalid tag \"{}\": build tag cannot contain a digest", text)});
        }
        request.tags.push_back(std::move(*tag));
    }
    return request;
}

} // namespace mybuild::cli
