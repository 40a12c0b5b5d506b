#pragma once

#include "builder/copy/source_tree.hpp"
#include "builder/remote/git_ports.hpp"
#include "parser/git_url.hpp"

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

namespace mybuild {

class LayerStore;

/// Commits of git repositories as trees to copy from. A copy of each repository is kept in the
/// store, so that a later build only asks for the refs, and fetches what is new; the files of a
/// commit are kept as a layer. Safe to use from several threads.
class GitTrees {
  public:
    /// `layers` is borrowed.
    GitTrees(GitPorts ports, LayerStore& layers) : m_ports(std::move(ports)), m_layers(layers) {}

    /// The files of what the URL names now, below its subdirectory, all owned by 0:0 and as old as
    /// the commit; submodules as directories, unless the URL says otherwise. With `keep_git_dir`
    /// (or the URL's own word for it) also a `.git` of this one commit. Nothing is asked where the
    /// URL names a commit by its id and the store has its files. Errors name the repository:
    ///   not_found    repository, ref, commit or subdirectory are not there
    ///   denied       credentials are wanted; an ssh server shows another key than it had; a
    ///                submodule that lies on this machine
    ///   network      the server was not reached or broke off
    ///   corrupt      another commit than the URL's checksum; names that no file may have
    ///   unsupported  libgit2 or libssh is missing
    ///   cancelled    stop was requested
    Result<std::shared_ptr<SourceTree>> fetch(const GitUrl& url, bool keep_git_dir, TreeLabel label,
                                              std::stop_token stop);

    /// When the commit was made that the URL names now, in seconds since 1970. Errors as above.
    Result<std::int64_t> commit_time(const GitUrl& url, std::stop_token stop);

  private:
    GitPorts m_ports;
    LayerStore& m_layers;
};

} // namespace mybuild
