#include "base/render.hpp"
#include "cli/check_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace mybuild::cli {
namespace {

/// Rows in columns, `gap` blanks between them, as Go's tabwriter lays them out: the last column is
/// not padded.
std::string columns(const std::vector<std::vector<std::string>>& rows, std::size_t gap) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i + 1 < row.size(); ++i)
            widths[i] = std::max(widths[i], row[i].size());
    }
    std::string out;
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i)
            out += i + 1 < row.size() ? fmt::format("{:<{}}", row[i], widths[i] + gap) : row[i];
        out.erase(out.find_last_not_of(' ') + 1); // empty cells at the end
        out += '\n';
    }
    return out;
}

std::string mounts_text(std::string_view title, const std::vector<lint::Outline::Mount>& mounts) {
    if (mounts.empty()) return {};
    std::vector<std::vector<std::string>> rows{{std::string(title), "REQUIRED"}};
    for (const auto& mount : mounts)
        rows.push_back({printable(mount.name), mount.required ? "true" : ""});
    return columns(rows, 3) + "\n";
}

} // namespace

std::string outline_text(const lint::Outline& outline) {
    std::string out;
    if (!outline.name.empty() || !outline.description.empty()) {
        std::vector<std::vector<std::string>> rows{
            {"TARGET:", outline.name.empty() ? "(default)" : printable(outline.name)}};
        if (!outline.description.empty())
            rows.push_back({"DESCRIPTION:", printable(outline.description)});
        out += columns(rows, 1) + "\n";
    }
    if (!outline.args.empty()) {
        std::vector<std::vector<std::string>> rows{{"BUILD ARG", "VALUE", "DESCRIPTION"}};
        for (const auto& arg : outline.args)
            rows.push_back({printable(arg.name), printable(arg.value), printable(arg.description)});
        out += columns(rows, 3) + "\n";
    }
    return out + mounts_text("SECRET", outline.secrets) + mounts_text("SSH", outline.ssh);
}

std::string targets_text(std::span<const lint::Target> targets) {
    std::vector<std::vector<std::string>> rows{{"TARGET", "DESCRIPTION"}};
    for (const auto& target : targets) {
        auto name = printable(target.name);
        if (target.is_default) name += name.empty() ? "(default)" : " (default)";
        rows.push_back({std::move(name), printable(target.description)});
    }
    return columns(rows, 1);
}

} // namespace mybuild::cli
