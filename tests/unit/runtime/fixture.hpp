#pragma once

#include "base/fs.hpp"
#include "runtime/sandbox.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mybuild::runtime::testing {

/// Why sandboxes cannot be tested here; empty when they can.
std::string why_skipped();

/// Keeps what a command wrote.
class Collector final : public OutputSink {
  public:
    void write(Stream stream, std::string_view bytes) noexcept override {
        (stream == Stream::out ? out : err).append(bytes);
    }
    std::string out;
    std::string err;
};

/// A root file system in a directory of its own with a static busybox: /bin/busybox and its
/// applets, and nothing else.
class Root {
  public:
    Root();
    [[nodiscard]] int fd() const { return m_dir.fd(); }
    [[nodiscard]] const std::string& path() const { return m_dir.path(); }
    void write(const std::string& name, std::string_view content, unsigned mode = 0644) const;
    void mkdir(const std::string& name, unsigned mode = 0755) const;
    void symlink(const std::string& target, const std::string& name) const;
    /// Every path below the root but those of /bin, sorted.
    [[nodiscard]] std::vector<std::string> listing() const;

  private:
    fs::TempDir m_dir;
};

struct Outcome {
    Result<ExitStatus> status;
    std::string out;
    std::string err;
};

std::unique_ptr<Sandbox> make_sandbox();

/// `sh -c script` as root with a PATH, in `root`.
SandboxSpec shell(const Root& root, const std::string& script);

Outcome run(Sandbox& sandbox, const SandboxSpec& spec, std::stop_token stop = {});

/// run() of a new sandbox; the output of a command that must succeed.
std::string output_of(const SandboxSpec& spec);

/// What `work` returns in a forked process, which may give up privileges or install filters.
/// Nothing of doctest may be used in it.
std::string in_fork(const std::function<std::string()>& work);

} // namespace mybuild::runtime::testing

/// Ends the test case with a message where sandboxes cannot be made.
#define SKIP_WITHOUT_SANDBOX()                                                                     \
    do {                                                                                           \
        if (const auto why = ::mybuild::runtime::testing::why_skipped(); !why.empty()) {           \
            MESSAGE("skipped: " << why);                                                           \
            return;                                                                                \
        }                                                                                          \
    } while (false)
