#include "image/layer_tar_names.hpp"

#include "base/render.hpp"
#include "image/layer_tar.hpp"

#include <fmt/format.h>

namespace mybuild {

namespace tar {

namespace {

/// Cuts the first component off `rest`.
std::string_view next_component(std::string_view& rest) {
    const auto slash = rest.find('/');
    const auto component = rest.substr(0, slash);
    rest = slash == rest.npos ? std::string_view() : rest.substr(slash + 1);
    return component;
}

} // namespace

std::string_view whiteout_component(std::string_view path) {
    while (!path.empty()) {
        const auto component = next_component(path);
        if (component.starts_with(whiteout_prefix)) return component;
    }
    return {};
}

bool is_clean(std::string_view path) {
    if (path.empty() || path.ends_with('/')) return false;
    while (!path.empty()) {
        const auto component = next_component(path);
        if (component.empty() || component == "." || component == "..") return false;
    }
    return true;
}

Result<std::string> clean_name(std::string_view name) {
    if (is_clean(name)) return std::string(name);
    std::string out;
    std::string_view rest = name;
    while (!rest.empty()) {
        const auto component = next_component(rest);
        if (component.empty() || component == ".") continue;
        if (component == "..") {
            return fail(Error{.code = ErrorCode::corrupt,
                              .message = fmt::format("the name {} in the archive has a `..` in it",
                                                     printable(name))});
        }
        if (!out.empty()) out += '/';
        out += component;
    }
    return out;
}

Result<std::string> inner_name(std::string_view name) {
    std::string out;
    std::string_view rest = name;
    while (!rest.empty()) {
        const auto component = next_component(rest);
        if (component.empty() || component == ".") continue;
        if (component == "..") {
            if (out.empty()) {
                return fail(Error{.code = ErrorCode::invalid,
                                  .message = fmt::format("the name {} leads out of the archive",
                                                         printable(name))});
            }
            const auto slash = out.rfind('/');
            out.erase(slash == out.npos ? 0 : slash);
            continue;
        }
        if (!out.empty()) out += '/';
        out += component;
    }
    return out;
}

} // namespace tar

bool is_layer_xattr(std::string_view name) {
    return !name.empty() && !name.starts_with("trusted.") && !name.starts_with("system.") &&
           name != "security.selinux" && name.find(".overlay.") == name.npos &&
           !name.starts_with("user.fuseoverlayfs.");
}

} // namespace mybuild
