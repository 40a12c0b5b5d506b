#pragma once

#include "git/connection.hpp"
#include "git/library.hpp"

#include <optional>
#include <stop_token>

namespace mybuild::git {

/// Lets libgit2 speak to a server over one of our connections, and keeps the error that made one of
/// its calls fail: libgit2 itself only knows a number and a text.
class Subtransport {
  public:
    /// All are borrowed.
    Subtransport(const Library& library, Connection& connection, std::stop_token stop);
    Subtransport(const Subtransport&) = delete;
    Subtransport& operator=(const Subtransport&) = delete;

    /// With our transport, and a check for `stop` wherever libgit2 asks whether to go on.
    [[nodiscard]] git_remote_callbacks callbacks();
    /// Why the call has failed: our own error, or else what libgit2 says.
    [[nodiscard]] Error error(std::string_view what);

  private:
    struct Boxed;
    struct BoxedStream;
    static int make_transport(git_transport** out, git_remote* owner, void* self);
    static int make_subtransport(git_smart_subtransport** out, git_transport* owner, void* self);
    static int on_progress(const git_indexer_progress* progress, void* self);
    static int on_message(const char* text, int size, void* self);
    int failed(Error error);

    const Library& m_library;
    Connection& m_connection;
    std::stop_token m_stop;
    git_smart_subtransport_definition m_definition{};
    std::optional<Error> m_error;
};

} // namespace mybuild::git
