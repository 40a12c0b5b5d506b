#include "base/error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace mybuild {

Error Error::in(std::string_view context) && {
    message = fmt::format("{}: {}", context, message);
    return std::move(*this);
}

Error Error::with_hint(std::string text) && {
    hint = std::move(text);
    return std::move(*this);
}

Error Error::with_note(std::string text) && {
    notes.push_back(std::move(text));
    return std::move(*this);
}

Error Error::at(std::shared_ptr<const Source> source, Span span) && {
    if (!where) where = SourceLocation{std::move(source), span};
    return std::move(*this);
}

Error errno_error(std::string_view what, int errno_value) {
    Error error;
    switch (errno_value) {
    case ENOSPC:
    case EDQUOT:
        error.code = ErrorCode::no_space;
        error.hint = "free space on that file system, or choose another store with --root";
        break;
    case ENOENT:
        error.code = ErrorCode::not_found;
        break;
    case EACCES:
    case EPERM:
        error.code = ErrorCode::denied;
        break;
    default:
        error.code = ErrorCode::io;
    }
    error.message = fmt::format("{}: {}", what, std::generic_category().message(errno_value));
    return error;
}

} // namespace mybuild
