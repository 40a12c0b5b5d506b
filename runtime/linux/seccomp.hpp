#pragma once

#include "base/result.hpp"

#include <linux/filter.h>
#include <optional>
#include <string>
#include <vector>

namespace mybuild::runtime {

/// A compiled seccomp filter, as the kernel takes it.
class SeccompProgram {
  public:
    explicit SeccompProgram(std::vector<sock_filter> code) : m_code(std::move(code)) {}
    [[nodiscard]] const std::vector<sock_filter>& code() const { return m_code; }

  private:
    std::vector<sock_filter> m_code;
};

/// The default profile for the default capabilities, with libseccomp (some milliseconds).
Result<SeccompProgram> compile_seccomp();

/// The same from `cache_directory`, compiled and put there if it is not there or damaged. A cache
/// that cannot be written is no error.
///
/// Format of a cache file, named `seccomp-<hex digest of everything that decides the program>`:
/// 32 bytes SHA-256 of what follows; the sock_filter array in the machine's own layout.
Result<SeccompProgram> load_seccomp(const std::optional<std::string>& cache_directory);

/// Installs the filter on the calling thread; needs CAP_SYS_ADMIN, as no_new_privs stays off for
/// setuid programs. Runs between clone and exec; 0 or an errno.
int child_install_seccomp(const sock_filter* code, std::size_t size);

} // namespace mybuild::runtime
