#pragma once

#include "cache/sqlite.hpp"
#include "image/oci/oci.hpp"

namespace mybuild {

/// A descriptor in a table is four columns: media type, digest, size, and what else it says
/// (annotations, platform) as encode_fields() writes it, or nothing.
std::string encode_descriptor_extra(const oci::Descriptor& descriptor);
/// Reads the four columns from `first` on.
Result<oci::Descriptor> read_descriptor(sqlite::Query& row, int first);

} // namespace mybuild
