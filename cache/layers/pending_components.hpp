#pragma once

#include <deque>
#include <string>
#include <string_view>

namespace mybuild {

/// Puts the components of `path` before those that are still to be walked, as when a symbolic link
/// was met on the way. Empty ones and `.` are left out, `..` is kept.
void push_front(std::deque<std::string>& pending, std::string_view path);

} // namespace mybuild
