#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <functional>
#include <stop_token>
#include <vector>

namespace mybuild {

/// Runs the nodes of a graph, each after those it needs, independent ones at the same time. It
/// knows numbers, never meanings. Nodes that are not `wanted` are left out. A node that fails stops
/// what is running (through the stop token its function is given) and what is waiting; the first
/// failure in time is returned. `stop` ends everything with ErrorCode::cancelled.
///
/// As long as only one node is ready it runs on the calling thread: a chain costs no thread.
Status run_graph(const std::vector<std::vector<std::size_t>>& needs,
                 const std::vector<bool>& wanted, std::size_t most_at_once, std::stop_token stop,
                 const std::function<Status(std::size_t node, std::stop_token stop)>& run);

} // namespace mybuild
