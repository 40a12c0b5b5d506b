#include "tests/unit/runtime/fixture.hpp"

#include "base/render.hpp"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

namespace mybuild::runtime::testing {

namespace {

constexpr const char* busybox = "/bin/busybox";
constexpr const char* applets[] = {
    "sh",       "cat",  "id",       "ls",     "sleep", "true",  "false",  "echo",
    "pwd",      "env",  "mkdir",    "rm",     "touch", "mount", "umount", "head",
    "wc",       "grep", "hostname", "stat",   "yes",   "chmod", "chown",  "mknod",
    "ip",       "tr",   "sort",     "dd",     "test",  "kill",  "printf", "cut",
    "readlink", "df",   "unshare",  "chroot", "seq",   "ps",    "usleep", "setsid"};

} // namespace

std::string why_skipped() {
    if (::access(busybox, X_OK) != 0) return "no /bin/busybox (package busybox-static)";
    const auto sandbox = make_linux_sandbox({});
    return sandbox ? std::string() : sandbox.error().message;
}

Root::Root() : m_dir(fs::TempDir::create("/tmp", "mybuild-root-").value()) {
    REQUIRE(::fchmod(m_dir.fd(), 0755) == 0);
    mkdir("bin");
    std::filesystem::copy_file(busybox, path() + "/bin/busybox");
    for (const char* applet : applets)
        symlink("busybox", std::string("bin/") + applet);
}

void Root::write(const std::string& name, std::string_view content, unsigned mode) const {
    const auto fd = fs::open_at(this->fd(), name, O_WRONLY | O_CREAT | O_TRUNC, mode).value();
    REQUIRE(fs::write_all(fd.get(), content));
    REQUIRE(::fchmod(fd.get(), mode) == 0);
}

void Root::mkdir(const std::string& name, unsigned mode) const {
    REQUIRE(fs::make_dirs_at(fd(), name, 0755));
    REQUIRE(::fchmodat(fd(), name.c_str(), mode, 0) == 0);
}

void Root::symlink(const std::string& target, const std::string& name) const {
    REQUIRE(::symlinkat(target.c_str(), fd(), name.c_str()) == 0);
}

std::vector<std::string> Root::listing() const {
    std::vector<std::string> paths;
    for (auto at = std::filesystem::recursive_directory_iterator(path());
         at != std::filesystem::recursive_directory_iterator(); ++at) {
        const auto name = at->path().string().substr(path().size() + 1);
        if (name != "bin" && !name.starts_with("bin/")) paths.push_back(name);
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

std::unique_ptr<Sandbox> make_sandbox() {
    auto sandbox = make_linux_sandbox({});
    REQUIRE_MESSAGE(sandbox, render(sandbox.error()));
    return *std::move(sandbox);
}

SandboxSpec shell(const Root& root, const std::string& script) {
    SandboxSpec spec;
    spec.root = root.fd();
    spec.argv = {"/bin/sh", "-c", script};
    spec.env = {"PATH=/bin"};
    return spec;
}

Outcome run(Sandbox& sandbox, const SandboxSpec& spec, std::stop_token stop) {
    Collector sink;
    auto status = sandbox.run(spec, sink, std::move(stop));
    return {std::move(status), std::move(sink.out), std::move(sink.err)};
}

std::string in_fork(const std::function<std::string()>& work) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const Fd read_end(ends[0]);
    Fd write_end(ends[1]);
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        static_cast<void>(fs::write_all(write_end.get(), work()));
        ::_exit(0);
    }
    write_end.reset();
    auto text = fs::read_all(read_end.get()).value();
    REQUIRE(::waitpid(child, nullptr, 0) == child);
    return text;
}

std::string output_of(const SandboxSpec& spec) {
    const auto sandbox = make_sandbox();
    const auto outcome = run(*sandbox, spec);
    const auto failure = outcome.status ? std::string() : render(outcome.status.error());
    REQUIRE_MESSAGE(outcome.status, failure);
    CAPTURE(outcome.err);
    REQUIRE(outcome.status->code == 0);
    return outcome.out;
}

} // namespace mybuild::runtime::testing
