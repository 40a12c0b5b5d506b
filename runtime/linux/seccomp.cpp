#include "runtime/linux/seccomp.hpp"

#include "base/digest.hpp"
#include "base/fs.hpp"
#include "runtime/linux/seccomp_profile.hpp"

#include <fmt/format.h>
#include <seccomp.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <memory>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

namespace mybuild::runtime {

namespace {

// clone(2) flags that make namespaces: NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
constexpr std::uint64_t namespace_flags = 0x7e020000;

// personality(2) arguments that are allowed: PER_LINUX, PER_LINUX32, both with UNAME26, and the
// query.
constexpr std::uint64_t personalities[] = {0x0, 0x8, 0x20000, 0x20008, 0xffffffff};

struct ReleaseFilter {
    void operator()(void* filter) const { ::seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, ReleaseFilter>;

/// Adds rules until the first failure. Names that the library does not know are passed over.
class Rules {
  public:
    explicit Rules(void* filter) : m_filter(filter) {}

    template <class... Comparisons>
    void add(std::uint32_t action, const char* name, Comparisons... comparisons) {
        const int number = ::seccomp_syscall_resolve_name(name);
        if (m_error != 0 || number == __NR_SCMP_ERROR) return;
        m_error =
            ::seccomp_rule_add(m_filter, action, number, sizeof...(comparisons), comparisons...);
    }
    void check(int error) {
        if (m_error == 0) m_error = error;
    }
    [[nodiscard]] int error() const { return m_error; }

  private:
    void* m_filter;
    int m_error = 0;
};

void add_profile(Rules& rules) {
    for (const char* name : seccomp_allowed())
        rules.add(SCMP_ACT_ALLOW, name);
    rules.add(SCMP_ACT_ALLOW, "clone", SCMP_A0(SCMP_CMP_MASKED_EQ, namespace_flags, 0));
    // Its flags are in memory, where a filter cannot look; C libraries then use clone.
    rules.add(SCMP_ACT_ERRNO(ENOSYS), "clone3");
    for (const auto value : personalities)
        rules.add(SCMP_ACT_ALLOW, "personality", SCMP_A0(SCMP_CMP_EQ, value));
    rules.add(SCMP_ACT_ALLOW, "socket", SCMP_A0(SCMP_CMP_NE, AF_VSOCK));
}

Error seccomp_error(int negative_errno) {
    return errno_error("cannot compile the seccomp profile", -negative_errno);
}

Result<std::vector<sock_filter>> export_code(void* filter) {
    const Fd file(::memfd_create("seccomp", MFD_CLOEXEC));
    if (!file) return fail(errno_error("cannot make a memory file", errno));
    if (const int error = ::seccomp_export_bpf(filter, file.get()); error != 0)
        return fail(seccomp_error(error));
    if (::lseek(file.get(), 0, SEEK_SET) < 0) return fail(errno_error("cannot seek", errno));
    TRY_ASSIGN(const auto bytes, fs::read_all(file.get()));
    std::vector<sock_filter> code(bytes.size() / sizeof(sock_filter));
    std::memcpy(code.data(), bytes.data(), code.size() * sizeof(sock_filter));
    return code;
}

/// The highest number of a system call that the library knows by name.
std::uint32_t last_known_call() {
    int last = 0;
    for (int number = 0; number < 4096; ++number) {
        char* const name = ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
        if (name != nullptr) last = number;
        std::free(name);
    }
    return static_cast<std::uint32_t>(last);
}

/// Calls newer than the library get ENOSYS instead of EPERM, so that a C library of tomorrow in the
/// image falls back to the calls of today. Put before the library's own code; jumps are relative.
void put_newer_calls_first(std::vector<sock_filter>& code) {
    constexpr auto arch = static_cast<std::uint32_t>(offsetof(seccomp_data, arch));
    constexpr auto number = static_cast<std::uint32_t>(offsetof(seccomp_data, nr));
    const sock_filter head[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ::seccomp_arch_native(), 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, number),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last_known_call(), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
    };
    code.insert(code.begin(), std::begin(head), std::end(head));
}

std::string_view bytes_of(const std::vector<sock_filter>& code) {
    return {reinterpret_cast<const char*>(code.data()), code.size() * sizeof(sock_filter)};
}

/// Names the program by everything that decides it.
std::string cache_name() {
    const auto* library = ::seccomp_version();
    auto key = fmt::format("mybuild seccomp {}\nlibseccomp {}.{}.{}\narch {:#x}\n",
                           seccomp_profile_version, library->major, library->minor, library->micro,
                           ::seccomp_arch_native());
    for (const char* name : seccomp_allowed())
        key += fmt::format("allow {}\n", name);
    return "seccomp-" + Digest::of(key).hex();
}

std::optional<SeccompProgram> read_cached(int directory, const std::string& name) {
    constexpr std::size_t limit = sizeof(Digest::bytes) + BPF_MAXINSNS * sizeof(sock_filter);
    const auto data = fs::read_file_at(directory, name, limit);
    constexpr auto head = sizeof(Digest::bytes);
    if (!data || data->size() <= head || (data->size() - head) % sizeof(sock_filter) != 0)
        return std::nullopt;
    const auto payload = std::string_view(*data).substr(head);
    if (std::memcmp(Digest::of(payload).bytes.data(), data->data(), head) != 0) return std::nullopt;
    std::vector<sock_filter> code(payload.size() / sizeof(sock_filter));
    std::memcpy(code.data(), payload.data(), payload.size());
    return SeccompProgram(std::move(code));
}

void write_cached(int directory, const std::string& name, const SeccompProgram& program) {
    const auto payload = bytes_of(program.code());
    const auto digest = Digest::of(payload);
    std::string data(reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size());
    data += payload;
    // A cache that cannot be written only costs time.
    static_cast<void>(fs::write_file_atomic(directory, name, data, 0600));
}

} // namespace

Result<SeccompProgram> compile_seccomp() {
    const Filter filter(::seccomp_init(SCMP_ACT_ERRNO(EPERM)));
    if (!filter) return fail({ErrorCode::internal, "cannot make a seccomp filter"});
    Rules rules(filter.get());
    rules.check(::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_NNP, 0));
    rules.check(::seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)));
    rules.check(::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2)); // a binary tree
    // Programs for the 32-bit sibling run as well.
    if (::seccomp_arch_native() == SCMP_ARCH_X86_64)
        rules.check(::seccomp_arch_add(filter.get(), SCMP_ARCH_X86));
    if (::seccomp_arch_native() == SCMP_ARCH_AARCH64)
        rules.check(::seccomp_arch_add(filter.get(), SCMP_ARCH_ARM));
    add_profile(rules);
    if (rules.error() != 0) return fail(seccomp_error(rules.error()));
    TRY_ASSIGN(auto code, export_code(filter.get()));
    put_newer_calls_first(code);
    return SeccompProgram(std::move(code));
}

Result<SeccompProgram> load_seccomp(const std::optional<std::string>& cache_directory) {
    if (!cache_directory) return compile_seccomp();
    const auto directory = fs::open_at(AT_FDCWD, *cache_directory, O_PATH | O_DIRECTORY);
    if (!directory) return compile_seccomp();
    const auto name = cache_name();
    if (auto cached = read_cached(directory->get(), name)) return *std::move(cached);
    TRY_ASSIGN(auto program, compile_seccomp());
    write_cached(directory->get(), name, program);
    return program;
}

int child_install_seccomp(const sock_filter* code, std::size_t size) {
    // execve(2) and the rest do not change the filter; the kernel only reads it.
    const sock_fprog program{static_cast<unsigned short>(size), const_cast<sock_filter*>(code)};
    return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW,
                     &program) == 0
               ? 0
               : errno;
}

} // namespace mybuild::runtime
