#include "builder/plan/history.hpp"

#include "parser/duration.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>

namespace mybuild::plan {

namespace {

std::string_view short_escape(char byte) {
    switch (byte) {
    case '"':
        return R"(\")";
    case '\\':
        return R"(\\)";
    case '\a':
        return R"(\a)";
    case '\b':
        return R"(\b)";
    case '\f':
        return R"(\f)";
    case '\n':
        return R"(\n)";
    case '\r':
        return R"(\r)";
    case '\t':
        return R"(\t)";
    case '\v':
        return R"(\v)";
    default:
        return {};
    }
}

/// Go's strconv.Quote, but for characters above U+00A0 that Go holds to be unprintable.
std::string quote(std::string_view text) {
    std::string out = "\"";
    while (!text.empty()) {
        const auto [value, length] = text::first(text);
        const auto byte = static_cast<unsigned char>(text.front());
        if (const auto escape = short_escape(text.front()); !escape.empty())
            out += escape;
        else if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && length == 1))
            out += fmt::format("\\x{:02x}", byte);
        else if (value >= 0x80 && value <= 0xA0)
            out += fmt::format("\\u{:04x}", value);
        else
            out += text.substr(0, length);
        text.remove_prefix(length);
    }
    return out + "\"";
}

std::string go_duration(std::int64_t nanoseconds) {
    return format_duration(std::chrono::nanoseconds(nanoseconds));
}

} // namespace

std::string quoted_list(const std::vector<std::string>& words) {
    std::vector<std::string> quoted;
    quoted.reserve(words.size());
    for (const auto& word : words)
        quoted.push_back(quote(word));
    return plain_list(quoted);
}

std::string plain_list(const std::vector<std::string>& words) {
    return fmt::format("[{}]", fmt::join(words, " "));
}

std::string run_history(const std::vector<std::string>& args,
                        const std::vector<std::string>& argv) {
    std::string text = "RUN ";
    if (!args.empty()) text += fmt::format("|{} {} ", args.size(), fmt::join(args, " "));
    return text + fmt::format("{} # buildkit", fmt::join(argv, " "));
}

std::string healthcheck_history(const oci::Healthcheck& check) {
    return fmt::format("HEALTHCHECK {{Test:{} Interval:{} Timeout:{} StartPeriod:{} "
                       "StartInterval:{} Retries:{}}}",
                       plain_list(check.test), go_duration(check.interval),
                       go_duration(check.timeout), go_duration(check.start_period),
                       go_duration(check.start_interval), check.retries);
}

} // namespace mybuild::plan
