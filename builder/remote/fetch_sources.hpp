#pragma once

#include "base/error_list.hpp"
#include "builder/session.hpp"

#include <span>
#include <stop_token>

namespace mybuild {

/// Fetches what the ADD steps of all reachable stages name by URL, several at a time and each once,
/// into Session::fetched. What cannot be fetched is put among `errors`, at its place; where there
/// are errors already, nothing is fetched. Fails when it is stopped.
Status fetch_sources(Session& session, ErrorList& errors, std::stop_token stop);

/// Whether there is a tree for each source of the operation that is a URL.
[[nodiscard]] bool all_fetched(const plan::CopyOp& op, std::span<const FetchedSource> fetched);

} // namespace mybuild
