#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <functional>

namespace mybuild {

/// Calls `work(i)` for every i below `count`, on as many threads as there are processors when that
/// is worth it. Returns the error of the lowest failing index that was reached; the rest is not
/// begun.
Status parallel_for(std::size_t count, const std::function<Status(std::size_t)>& work);
/// The same on so many threads, this one among them: for work that waits rather than computes.
Status parallel_for(std::size_t count, std::size_t threads,
                    const std::function<Status(std::size_t)>& work);

} // namespace mybuild
