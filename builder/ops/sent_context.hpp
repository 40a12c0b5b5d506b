#pragma once

#include "builder/session.hpp"

namespace mybuild::ops {

/// An error where a wildcard of a COPY or ADD fits nothing in a directory of this machine of which
/// no step needs anything else. Docker's client does not send such a directory, so that BuildKit
/// finds it missing; where another step needs something of it, nothing is copied.
Status check_sent(const Session& session, const plan::CopyOp& op,
                  const std::vector<SelectedSource>& selected, SourceTree& tree);

} // namespace mybuild::ops
