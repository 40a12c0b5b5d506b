#pragma once

#include "image/registry/session.hpp"

namespace mybuild::registry {

/// A blob's digest as people read it in messages: `sha256:` and 12 digits.
std::string short_digest(const Digest& digest);

/// One blob from one endpoint into the sink; going on where a connection broke. `question` names
/// image and repository.
Status download_blob(Session& session, const Endpoint& endpoint, Question question,
                     const oci::Descriptor& blob, BlobSink& sink, const BlobProgress& progress,
                     const std::stop_token& stop);

} // namespace mybuild::registry
