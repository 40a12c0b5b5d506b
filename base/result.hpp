#pragma once

#include "base/error.hpp"

#include <tl/expected.hpp>

#include <utility>

namespace mybuild {

/// A value or the Error that kept it from being made. Expected failures travel this way; exceptions
/// mean bugs or exhausted memory. Spelled like std::expected, which replaces it one day.
template <class T>
using Result = tl::expected<T, Error>;

/// Success or an Error.
using Status = Result<void>;

/// Makes the failed side of any Result.
inline tl::unexpected<Error> fail(Error error) {
    return tl::unexpected<Error>(std::move(error));
}

} // namespace mybuild

#define MYBUILD_CONCAT_INNER(a, b) a##b
#define MYBUILD_CONCAT(a, b) MYBUILD_CONCAT_INNER(a, b)

/// Returns the error of `expr` (a Result or Status) from the enclosing function, if there is one.
#define TRY(expr)                                                                                  \
    do {                                                                                           \
        if (auto try_status = (expr); !try_status) [[unlikely]]                                    \
            return ::tl::unexpected(std::move(try_status).error());                                \
    } while (false)

#define TRY_ASSIGN_INNER(result, lhs, expr)                                                        \
    auto result = (expr);                                                                          \
    if (!result) [[unlikely]]                                                                      \
        return ::tl::unexpected(std::move(result).error());                                        \
    lhs = std::move(*result)

/// `TRY_ASSIGN(auto file, open(...))`: the value of `expr`, or its error returned.
#define TRY_ASSIGN(lhs, expr) TRY_ASSIGN_INNER(MYBUILD_CONCAT(try_result_, __LINE__), lhs, expr)
