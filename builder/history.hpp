#pragma once

#include "builder/plan/steps.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace mybuild {

/// RFC 3339 in UTC with as many digits of the second as there are, as Go prints it.
std::string format_time(std::int64_t ns_since_1970);

/// Makes the history of a base say as many layers as it has, so that what steps add to it belongs
/// to their own layers. Images that no Dockerfile made often have none.
void complete_history(oci::ImageConfig& base);

/// The config after one more step: the step's own config, with the history, diff ids and creation
/// time that have grown by it (dockerfile-language.md, 6.18).
oci::ImageConfig extended_config(const oci::ImageConfig& before, const plan::Step& step,
                                 const std::optional<Digest>& diff_id, std::int64_t created_ns);

/// The config of the finished image: what the plan says at its end (--label, --platform), with the
/// history, diff ids and time of the last step.
oci::ImageConfig final_config(const oci::ImageConfig& last, const oci::ImageConfig& planned);

/// Keeps the image's own time from being later than SOURCE_DATE_EPOCH; the history of its base
/// stays.
void clamp_created(oci::ImageConfig& config, std::int64_t latest_ns);

} // namespace mybuild
