#pragma once

#include "base/result.hpp"
#include "cli/commands.hpp"

#include <stop_token>

namespace mybuild::cli {

class Wire;

/// Executes a command and prints what it prints.
Status run_build(Wire& wire, const BuildCommand& command, std::stop_token stop);
Status run_images(Wire& wire, const ImagesCommand& command);
Status run_tag(Wire& wire, const TagCommand& command);
Status run_remove(Wire& wire, const RemoveCommand& command);
Status run_pull(Wire& wire, const PullCommand& command, std::stop_token stop);
Status run_load(Wire& wire, const LoadCommand& command, std::stop_token stop);
Status run_save(Wire& wire, const SaveCommand& command);
Status run_inspect(Wire& wire, const InspectCommand& command);
Status run_history(Wire& wire, const HistoryCommand& command);

} // namespace mybuild::cli
