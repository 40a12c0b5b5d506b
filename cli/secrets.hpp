#pragma once

#include "base/result.hpp"
#include "cli/step_options.hpp"

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace mybuild::cli {

/// The secrets of a command line. A file is read when a step asks for it, and once: every step of a
/// build sees the same, also where the file is a pipe. Bytes stay in memory. Thread-safe.
class Secrets {
  public:
    /// An environment variable; not set: null.
    using Environment = std::function<const char*(const char*)>;

    /// Settles where each secret is; of two with one id the last one counts. Errors: a file that is
    /// not there, no file, or too large.
    static Result<std::unique_ptr<Secrets>> open(const std::vector<SecretSpec>& specs,
                                                 const Environment& environment);

    /// The secret's bytes; none: no secret of this id was given.
    Result<std::optional<std::string>> read(const std::string& id);

  private:
    struct Secret {
        std::string file = {}; ///< empty: `value` is known
        std::optional<std::string> value = {};
    };
    std::map<std::string, Secret> m_secrets;
    std::mutex m_mutex; // guards the values
};

} // namespace mybuild::cli
