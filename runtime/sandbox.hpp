#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The port behind which a RUN executes.
namespace mybuild::runtime {

enum class NetworkMode : std::uint8_t {
    default_, ///< in this version the network of the host, as `host`
    none,     ///< only a loopback device
    host,
};

/// A directory or file of the host, or a detached mount, seen at the target.
struct BindMount {
    int fd = -1; ///< borrowed; may be O_PATH
    bool readonly = true;
};

struct TmpfsMount {
    std::optional<std::uint64_t> size = {}; ///< bytes; default: the kernel's
    /// Of the mount's root; default: as the directory it covers, 1777 where there is none.
    std::optional<std::uint32_t> mode = {};
    bool readonly = false;
};

/// A file that exists only in memory and only during the step (secrets, resolv.conf).
struct FileMount {
    std::string content;
    std::uint32_t mode = 0400;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    bool readonly = true;
    bool secret = false; ///< not even swapped out, where the kernel can
};

struct SandboxMount {
    std::string target; ///< absolute path inside the root; links in it are followed inside the root
    std::variant<BindMount, TmpfsMount, FileMount> what;
};

/// A limit of setrlimit(2) for the command.
struct ResourceLimit {
    int resource = 0; ///< RLIMIT_*
    std::uint64_t soft = 0;
    std::uint64_t hard = 0; ///< as soft: RLIM_INFINITY is none
};

/// One command to run, everything about it said. Descriptors are borrowed for the call.
struct SandboxSpec {
    /// Directory descriptor of the root file system: a directory of the host or a detached mount
    /// (which before Linux 6.15 serves one run). Mount points missing in it are made for the step
    /// and removed after it; they leave nothing behind, parents' times included.
    int root = -1;
    std::vector<std::string> argv; ///< argv[0] without `/` is looked up along PATH of `env`
    std::vector<std::string> env;  ///< `NAME=value`, exactly what the command gets
    std::string cwd = "/";         ///< absolute; made (0755, owned by uid and gid) where missing
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::vector<std::uint32_t> groups = {}; ///< for setgroups(2)
    std::string hostname = "buildkitsandbox";
    NetworkMode network = NetworkMode::default_;
    bool insecure = false; ///< all capabilities, no seccomp filter, /proc and /sys writable
    /// Mounted in order of their target paths, after the sandbox's own; one at a sandbox's own
    /// target
    /// (/etc/hosts, /dev/shm, ...) covers it.
    std::vector<SandboxMount> mounts = {};
    /// Contents of /etc/resolv.conf and /etc/hosts, read-only during the step; nullopt: the image's
    /// own. Nothing is mounted at /etc/hostname, as with BuildKit: what a step writes there stays.
    std::optional<std::string> resolv_conf = {};
    std::optional<std::string> hosts = {};
    std::optional<std::uint64_t> shm_size = {}; ///< of /dev/shm in bytes; default 64 MiB
    std::vector<ResourceLimit> limits = {};     ///< what is not named is as the builder has it
};

enum class Stream : std::uint8_t { out, err };

/// Receives what the command writes, as it comes; called on the thread that called run().
class OutputSink {
  public:
    virtual ~OutputSink() = default;
    virtual void write(Stream stream, std::string_view bytes) noexcept = 0;
};

struct ExitStatus {
    int code = 0;          ///< as a shell gives it: 128 + signal for a command killed by a signal
    bool signaled = false; ///< killed by `signal`
    int signal = 0;
    friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

class Sandbox {
  public:
    virtual ~Sandbox() = default;

    /// Runs the command to its end; processes that it left behind are killed. Safe to call from
    /// several threads at once. Errors:
    ///  * ErrorCode::command_failed: the command could not be executed; exit_code is 127 where
    ///    it was not found, 126 where it is not executable;
    ///  * ErrorCode::cancelled: `stop` was requested; every process of the step is dead by then;
    ///  * anything else: the sandbox could not be set up, the command was not started.
    /// A command that ran and failed is no error but an ExitStatus.
    virtual Result<ExitStatus> run(const SandboxSpec& spec, OutputSink& output,
                                   std::stop_token stop) = 0;
};

/// `count` ids from `inside` on, as a step sees them, are the ids from `outside` on.
struct IdRange {
    std::uint32_t inside = 0;
    std::uint32_t outside = 0;
    std::uint32_t count = 0;
};

struct SandboxOptions {
    /// Directory in which the compiled seccomp filter is kept between runs of the program.
    std::optional<std::string> seccomp_cache = {};
    /// The step's ids where they are not the caller's: a user namespace. ErrorCode::unsupported
    /// unless empty, until rootless builds exist.
    std::vector<IdRange> uid_map = {};
    std::vector<IdRange> gid_map = {};
};

/// The sandbox of Linux namespaces. Fails with ErrorCode::denied and a hint where the caller lacks
/// the privilege. Cheap: what costs time is done by the first run().
Result<std::unique_ptr<Sandbox>> make_linux_sandbox(const SandboxOptions& options);

} // namespace mybuild::runtime
