#include "builder/history.hpp"

#include <fmt/format.h>

#include <ctime>

namespace mybuild {

std::string format_time(std::int64_t ns_since_1970) {
    constexpr std::int64_t ns_per_second = 1'000'000'000;
    auto seconds = static_cast<std::time_t>(ns_since_1970 / ns_per_second);
    auto ns = ns_since_1970 % ns_per_second;
    if (ns < 0) {
        ns += ns_per_second;
        --seconds;
    }
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    auto text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", utc.tm_year + 1900,
                            utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
    if (ns != 0) {
        auto fraction = fmt::format(".{:09}", ns);
        while (fraction.back() == '0')
            fraction.pop_back();
        text += fraction;
    }
    return text + "Z";
}

void complete_history(oci::ImageConfig& base) {
    std::size_t layers = 0;
    for (auto& entry : base.history) {
        if (entry.empty_layer) continue;
        // Formats know no other way to say that a line has no layer.
        if (layers == base.diff_ids.size())
            entry.empty_layer = true;
        else
            ++layers;
    }
    for (; layers < base.diff_ids.size(); ++layers)
        base.history.push_back({.created = base.created,
                                .created_by = "unknown step of the base image",
                                .comment = "mybuild"});
}

oci::ImageConfig extended_config(const oci::ImageConfig& before, const plan::Step& step,
                                 const std::optional<Digest>& diff_id, std::int64_t created_ns) {
    auto config = final_config(before, step.config);
    const auto created = format_time(created_ns);
    if (step.has_history) {
        config.history.push_back({.created = created,
                                  .created_by = step.created_by,
                                  .comment = "mybuild",
                                  .empty_layer = !diff_id});
        config.created = created;
    }
    if (diff_id) config.diff_ids.push_back(*diff_id);
    return config;
}

oci::ImageConfig final_config(const oci::ImageConfig& last, const oci::ImageConfig& planned) {
    auto config = planned;
    config.history = last.history;
    config.diff_ids = last.diff_ids;
    config.created = last.created;
    return config;
}

void clamp_created(oci::ImageConfig& config, std::int64_t latest_ns) {
    const auto latest = format_time(latest_ns);
    std::string_view created = config.created;
    if (!created.ends_with('Z')) return; // never written so by any builder
    // Without the Z, texts of UTC are in the order of their times, fractions included.
    created.remove_suffix(1);
    if (created > std::string_view(latest).substr(0, latest.size() - 1)) config.created = latest;
}

} // namespace mybuild
