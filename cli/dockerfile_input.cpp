#include "cli/dockerfile_input.hpp"

#include "base/fs.hpp"
#include "base/render.hpp"

#include <fmt/format.h>

#include <array>
#include <fcntl.h>
#include <unistd.h>

namespace mybuild::cli {
namespace {

constexpr std::array default_names{"Dockerfile", "dockerfile", "Containerfile"};

Error no_dockerfile(const std::string& path) {
    return Error{ErrorCode::not_found,
                 fmt::format("failed to read dockerfile: open {}: no such file or directory",
                             printable(path))}
        .with_hint("-f names another file; without it Dockerfile or Containerfile in the context "
                   "is read");
}

Error unreadable(const std::string& path, Error error) {
    if (error.code == ErrorCode::not_found) return no_dockerfile(path);
    error.message = fmt::format("failed to read dockerfile: {}", error.message);
    return error;
}

Result<DockerfileInput> read_source(const std::string& path, const std::string& shown) {
    auto text = fs::read_file_at(AT_FDCWD, path, max_dockerfile);
    if (!text) return fail(unreadable(shown, std::move(text).error()));
    return DockerfileInput{path, std::make_shared<Source>(shown, std::move(*text))};
}

/// The path inside a tree that -f means.
std::string path_in_tree(std::string_view written) {
    std::string path;
    for (std::size_t at = 0; at < written.size();) {
        const auto end = std::min(written.find('/', at), written.size());
        const auto part = written.substr(at, end - at);
        at = end + 1;
        if (part == "..") {
            path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
        } else if (!part.empty() && part != ".") {
            if (!path.empty()) path += '/';
            path += part;
        }
    }
    return path;
}

} // namespace

Result<std::shared_ptr<const Source>> read_dockerfile_text(int fd, std::string start) {
    auto rest = fs::read_all(fd, max_dockerfile);
    if (!rest) return fail(std::move(rest).error().in("standard input"));
    return std::make_shared<const Source>("Dockerfile", std::move(start) + *rest);
}

Result<DockerfileInput> read_dockerfile(const BuildCommand& command) {
    if (command.file == "-") {
        TRY_ASSIGN(auto source, read_dockerfile_text(STDIN_FILENO, {}));
        return DockerfileInput{"", std::move(source)};
    }
    if (command.file) return read_source(*command.file, *command.file);
    for (const auto* name : default_names) {
        const auto path = command.context + "/" + name;
        if (::access(path.c_str(), F_OK) == 0) return read_source(path, name);
    }
    return read_source(command.context + "/Dockerfile", "Dockerfile");
}

Result<std::shared_ptr<const Source>> read_ignore_file(const std::string& dockerfile,
                                                       const std::string& context) {
    std::vector<std::string> candidates{context + "/.dockerignore"};
    if (!dockerfile.empty()) candidates.insert(candidates.begin(), dockerfile + ".dockerignore");
    for (const auto& path : candidates) {
        auto text = fs::read_file_at(AT_FDCWD, path, max_dockerfile);
        if (text) return std::make_shared<const Source>(path, std::move(*text));
        if (fs::is_directory(path)) continue; // an ordinary part of the context, as in Docker
        if (text.error().code != ErrorCode::not_found) return fail(std::move(text).error());
    }
    return nullptr;
}

Result<std::shared_ptr<const Source>> read_tree_file(SourceTree& tree, const std::string& path,
                                                     const std::string& shown) {
    TRY_ASSIGN(const auto real, tree.resolve(path));
    TRY_ASSIGN(const auto node, tree.find(real));
    if (!node) return nullptr;
    const auto& entry = node->entry;
    if (entry.type != EntryType::file)
        return fail({ErrorCode::invalid, fmt::format("{} is not a file", printable(path))});
    if (entry.size > max_dockerfile)
        return fail({ErrorCode::invalid,
                     fmt::format("{} is larger than {} bytes", printable(path), max_dockerfile)});
    TRY_ASSIGN(const auto bytes, tree.open(real));
    std::string text(static_cast<std::size_t>(entry.size), '\0');
    for (std::size_t have = 0; have < text.size();) {
        TRY_ASSIGN(const auto got,
                   bytes->read(std::as_writable_bytes(std::span(text).subspan(have))));
        if (got == 0) return fail({ErrorCode::io, fmt::format("{} is cut off", printable(path))});
        have += got;
    }
    return std::make_shared<const Source>(shown, std::move(text));
}

Result<TreeInputs> read_tree_inputs(SourceTree& tree, const std::optional<std::string>& name) {
    TreeInputs inputs;
    std::vector<std::string> names(default_names.begin(), default_names.end());
    if (name) names = {path_in_tree(*name)};
    for (const auto& path : names) {
        auto found = read_tree_file(tree, path, path);
        if (!found) return fail(std::move(found).error().in("failed to read dockerfile"));
        if (!*found) continue;
        inputs.dockerfile = std::move(*found);
        TRY_ASSIGN(inputs.ignore_file,
                   read_tree_file(tree, path + ".dockerignore", path + ".dockerignore"));
        break;
    }
    if (!inputs.dockerfile) return fail(no_dockerfile(name.value_or(default_names.front())));
    if (!inputs.ignore_file) {
        TRY_ASSIGN(inputs.ignore_file, read_tree_file(tree, ".dockerignore", ".dockerignore"));
    }
    return inputs;
}

} // namespace mybuild::cli
