#pragma once

#include "git/connection.hpp"
#include "git/repository.hpp"
#include "git/subtransport.hpp"

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace mybuild::git {

/// What a server says of one ref.
struct RemoteRef {
    std::string name;        ///< `refs/heads/main`; `refs/tags/v1^{}` for the commit of a tag
    std::string id;          ///< of the object it stands for
    std::string symref = {}; ///< of HEAD: the ref that it stands for, where the server says so
};

/// The ref that a name means.
struct ResolvedRef {
    std::string name; ///< as the server has it
    std::string id;
    std::string commit = {}; ///< of an annotated tag: the commit; else empty
};
/// Finds what a build names: a full name, a branch, a tag, in this order; empty: what HEAD stands
/// for. Errors: ErrorCode::not_found.
Result<ResolvedRef> resolve_ref(const std::vector<RemoteRef>& refs, std::string_view wanted);

/// A server's repository as seen from a local copy, connected until it is destroyed.
class Remote {
  public:
    /// Connects and hears what refs there are. `url` is what messages call it; all is borrowed.
    static Result<std::unique_ptr<Remote>> connect(const Repository& local, const std::string& url,
                                                   Connection& connection, std::stop_token stop);
    [[nodiscard]] const std::vector<RemoteRef>& refs() const { return m_refs; }
    /// Fetches what the names stand for, with all its history and nothing else. What the local copy
    /// has of it already is not sent again.
    Status fetch(const std::vector<std::string>& names);

  private:
    Remote(const Repository& local, Connection& connection, std::stop_token stop);
    Status hear_refs();

    const Repository& m_local;
    Subtransport m_subtransport;
    std::unique_ptr<git_remote, void (*)(git_remote*)> m_remote;
    std::vector<RemoteRef> m_refs;
};

} // namespace mybuild::git
