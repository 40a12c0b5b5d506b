#pragma once

#include "base/result.hpp"
#include "cache/images.hpp"

#include <string>
#include <vector>

namespace mybuild {
class Store;
}

namespace mybuild::cli {

/// An image by name, id or prefix of its id. Not there: ErrorCode::not_found `No such image: X`.
Result<StoredImage> find_image(Store& store, const std::string& name);

/// As find_image, but also the id of a step (` ---> 0123456789ab`): the image as it was after it.
Result<StoredImage> find_image_or_step(Store& store, const std::string& name);

/// The names that an image has.
Result<std::vector<oci::Reference>> names_of(Store& store, const Digest& image);

} // namespace mybuild::cli
