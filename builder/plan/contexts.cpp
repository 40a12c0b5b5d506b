#include "builder/plan/contexts.hpp"

#include "base/render.hpp"
#include "parser/git_url.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

#include <array>

namespace mybuild::plan {

namespace {

constexpr std::string_view latest = ":latest";
constexpr std::string_view platform_mark = "::";

tl::unexpected<Error> wrong(std::string message, std::string hint) {
    return fail(
        Error{.code = ErrorCode::usage, .message = std::move(message), .hint = std::move(hint)});
}

/// A name in the one form that is compared; none: it is no image name, nor one of a stage.
std::optional<std::string> normalised(std::string_view name) {
    const auto reference = oci::parse_reference(name);
    if (!reference) return std::nullopt;
    auto familiar = reference->familiar();
    if (familiar.ends_with(latest)) familiar.resize(familiar.size() - latest.size());
    return familiar;
}

/// Takes a prefix off the text, if it begins with it.
bool take(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

Result<ContextSpec> read_image(std::string_view name) {
    if (name == "scratch") return ContextSpec{.kind = ContextSpec::Kind::empty};
    TRY_ASSIGN(auto image, oci::parse_reference(name));
    return ContextSpec{.kind = ContextSpec::Kind::image, .image = std::move(image)};
}

/// `PATH`, `PATH:TAG` or `PATH@DIGEST`.
ContextSpec read_layout(std::string_view text) {
    ContextSpec spec{.kind = ContextSpec::Kind::layout};
    auto mark = text.find("@sha256:");
    if (mark == text.npos) {
        mark = text.rfind(':');
        if (mark != text.npos && text.find('/', mark) != text.npos) mark = text.npos;
    }
    spec.text = text.substr(0, mark);
    if (mark != text.npos) spec.selector = text.substr(mark);
    return spec;
}

Result<ContextSpec> read_value(std::string_view value) {
    for (const auto* prefix : {"docker-image://", "container-image://", "docker://"})
        if (take(value, prefix)) return read_image(value);
    if (take(value, "oci-layout://")) return read_layout(value);
    if (is_git_url(value)) {
        TRY(parse_git_url(value));
        return ContextSpec{.kind = ContextSpec::Kind::git, .text = std::string(value)};
    }
    if (value.starts_with("http://") || value.starts_with("https://"))
        return ContextSpec{.kind = ContextSpec::Kind::url, .text = std::string(value)};
    if (const auto colon = value.find("://"); colon != value.npos || value.starts_with("target:")) {
        return wrong(fmt::format("unsupported context source {}",
                                 text::quoted(value.substr(0, value.find(':')))),
                     "it is a directory, docker-image://IMAGE, oci-layout://DIRECTORY, or the URL "
                     "of a git repository or an archive");
    }
    return ContextSpec{.kind = ContextSpec::Kind::directory, .text = std::string(value)};
}

} // namespace

Result<std::pair<std::string, ContextSpec>> parse_named_context(std::string_view text) {
    const auto equals = text.find('=');
    if (equals == text.npos || equals + 1 == text.size())
        return wrong(fmt::format("invalid context value: {}, expected key=value", printable(text)),
                     "such as --build-context src=../src");
    const auto written = text.substr(0, equals);
    const auto mark = std::min(written.find(platform_mark), written.size());
    auto name = normalised(written.substr(0, mark));
    if (!name)
        return wrong(fmt::format("invalid context name {}", printable(written)),
                     "it is the name of an image or of a stage");
    if (*name == "scratch" || *name == "context")
        return wrong(fmt::format("the context {} cannot be replaced", *name),
                     "choose another name");
    if (mark < written.size()) {
        auto platform = oci::parse_platform(written.substr(mark + platform_mark.size()));
        if (!platform)
            return wrong(fmt::format("invalid context name {}: {}", printable(written),
                                     platform.error().message),
                         "such as --build-context alpine::linux/arm64=…");
        *name += fmt::format("{}{}", platform_mark, platform->str());
    }
    auto spec = read_value(text.substr(equals + 1));
    if (!spec) {
        auto error =
            std::move(spec).error().in(fmt::format("build context {}", printable(written)));
        error.code = ErrorCode::usage;
        return fail(std::move(error));
    }
    return std::pair(*std::move(name), *std::move(spec));
}

NamedContexts::const_iterator find_context(const NamedContexts& contexts, std::string_view name,
                                           const oci::Platform& platform) {
    if (contexts.empty()) return contexts.end();
    const auto wanted = normalised(name);
    if (!wanted) return contexts.end();
    const auto special =
        contexts.find(fmt::format("{}{}{}", *wanted, platform_mark, platform.str()));
    return special != contexts.end() ? special : contexts.find(*wanted);
}

} // namespace mybuild::plan
