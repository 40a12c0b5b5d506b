#pragma once

namespace mybuild::runtime {

/// In a new network namespace: brings the loopback device up. Runs between clone and exec; 0 or an
/// errno.
int child_raise_loopback();

} // namespace mybuild::runtime
