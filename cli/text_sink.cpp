#include "cli/progress.hpp"

#include <cerrno>
#include <unistd.h>

namespace mybuild::cli {

void TextSink::write(std::string_view text) noexcept {
    while (!text.empty()) {
        const auto put = ::write(m_fd, text.data(), text.size());
        if (put < 0 && errno != EINTR) return;
        if (put > 0) text.remove_prefix(static_cast<std::size_t>(put));
    }
}

} // namespace mybuild::cli
