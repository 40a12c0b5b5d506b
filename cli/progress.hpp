#pragma once

#include "builder/events.hpp"

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace mybuild::cli {

/// Where printers write. Short writes are completed; a reader that is gone is not our error.
class TextSink {
  public:
    explicit TextSink(int fd) : m_fd(fd) {}
    void write(std::string_view text) noexcept;

  private:
    int m_fd;
};

/// The classic form, as Docker's builder has it and scripts grep for it (docs/cli.md, "Classic
/// output"). Warnings go to `errors`.
std::unique_ptr<EventSink> make_classic_progress(TextSink out, TextSink errors);
/// BuildKit's plain form: `#5 [build 2/3] RUN make`.
std::unique_ptr<EventSink> make_plain_progress(TextSink out);
/// One JSON object a line for each event (docs/cli.md, "rawjson").
std::unique_ptr<EventSink> make_json_progress(TextSink out);
/// Nothing but warnings.
std::unique_ptr<EventSink> make_quiet_progress(TextSink errors);

} // namespace mybuild::cli
