#include "cli/secrets.hpp"

#include "base/fs.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>

namespace mybuild::cli {
namespace {

constexpr std::size_t max_size = std::size_t{500} * 1024; // BuildKit's

Error too_big(const std::string& id) {
    return {
        ErrorCode::invalid,
        fmt::format("secret {} too big. max size {} bytes", id, max_size),
        {},
        "a secret is a key or a password; larger files can be bound from a context of their own"};
}

Status check_file(const std::string& id, const std::string& file) {
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0) {
        auto error = errno_error(fmt::format("secret {}: failed to stat {}", id, file), errno);
        if (error.code == ErrorCode::not_found)
            error.hint =
                fmt::format("--secret id={},src=FILE names its file, relative to the current "
                            "directory; --secret id={},env=VARIABLE a variable",
                            id, id);
        return fail(std::move(error));
    }
    if (S_ISDIR(info.st_mode))
        return fail({ErrorCode::invalid, fmt::format("secret {}: {} is a directory", id, file)});
    if (S_ISREG(info.st_mode) && static_cast<std::size_t>(info.st_size) > max_size)
        return fail(too_big(id));
    return {};
}

} // namespace

Result<std::unique_ptr<Secrets>> Secrets::open(const std::vector<SecretSpec>& specs,
                                               const Environment& environment) {
    auto secrets = std::make_unique<Secrets>();
    for (const auto& spec : specs) {
        auto variable = spec.variable;
        auto file = spec.file;
        if (variable.empty() && file.empty())
            (environment(spec.id.c_str()) != nullptr ? variable : file) = spec.id;
        // The file is looked at even where the variable counts, as Docker does.
        if (!file.empty()) TRY(check_file(spec.id, file));
        Secret secret;
        if (variable.empty()) {
            secret.file = std::move(file);
        } else {
            const char* value = environment(variable.c_str());
            secret.value = value == nullptr ? "" : value;
            if (secret.value->size() > max_size) return fail(too_big(spec.id));
        }
        secrets->m_secrets.insert_or_assign(spec.id, std::move(secret));
    }
    return secrets;
}

Result<std::optional<std::string>> Secrets::read(const std::string& id) {
    const auto found = m_secrets.find(id);
    if (found == m_secrets.end()) return std::nullopt;
    auto& secret = found->second;
    const std::lock_guard lock(m_mutex);
    if (!secret.value) {
        auto value = fs::read_file_at(AT_FDCWD, secret.file, max_size);
        if (!value && value.error().code == ErrorCode::invalid) return fail(too_big(id));
        if (!value) return fail(std::move(value).error().in(fmt::format("secret {}", id)));
        secret.value = std::move(*value);
    }
    return secret.value;
}

} // namespace mybuild::cli
