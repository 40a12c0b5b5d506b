#pragma once

#include "ssh/agent.hpp"

namespace mybuild::ssh {

/// Waits until `fd` is ready for `events` of poll(2); false when `stop` is readable: all is to end.
bool wait_for(int fd, short events, int stop);

/// Answers one client of an agent until it goes, or `stop` is readable. Requests are answered one
/// by one, by our own keys or by the agent as far as they may reach it; what is raw is handed on.
void serve(int client, const Agent& agent, int stop);

} // namespace mybuild::ssh
