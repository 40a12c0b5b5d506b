#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <stop_token>

namespace mybuild {

enum class LockKind : std::uint8_t { shared, exclusive };

/// flock(2) if it can be had at once. The lock lives as long as the open file does.
Result<bool> try_lock(int file, LockKind kind);

/// Waits for the lock as long as it takes, without polling; returns the locked file. `on_wait` is
/// called once if it has to be waited for. Errors: ErrorCode::cancelled when `stop` was requested.
Result<Fd> lock_file(Fd file, LockKind kind, const std::function<void()>& on_wait,
                     const std::stop_token& stop);

} // namespace mybuild
