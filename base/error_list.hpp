#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace mybuild {

/// Collects independent errors, so that one run reports them all. A function that can find several
/// goes on after the first and ends with `TRY(std::move(errors).status())`; they travel as one
/// Error with `others`.
class ErrorList {
  public:
    /// Takes an error and those it carries. One that is there already (same place, same message) is
    /// dropped: it was met on two ways.
    void add(Error error);
    /// The error of a result, if it has one; false then.
    template <class T>
    bool take(Result<T> result) {
        if (result) return true;
        add(std::move(result).error());
        return false;
    }
    bool take(Status status) {
        if (status) return true;
        add(std::move(status).error());
        return false;
    }

    [[nodiscard]] bool empty() const { return m_errors.empty(); }
    [[nodiscard]] std::size_t size() const { return m_errors.size(); }
    /// In the order of their places; those without a place come first.
    [[nodiscard]] std::vector<Error> sorted() &&;
    /// Success, or all errors as one.
    [[nodiscard]] Status status() &&;

  private:
    std::vector<Error> m_errors;
};

/// Several errors as one: the first, with the rest among its `others`. `errors` is not empty.
[[nodiscard]] Error joined(std::vector<Error> errors);

/// What joined() has put together: the error itself without `others`, and each of those.
[[nodiscard]] std::vector<Error> separated(Error error);

} // namespace mybuild
