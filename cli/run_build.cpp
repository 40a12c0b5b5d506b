#include "base/fs.hpp"
#include "builder/build.hpp"
#include "builder/export.hpp"
#include "builder/import.hpp"
#include "cli/build_inputs.hpp"
#include "cli/given.hpp"
#include "cli/output_file.hpp"
#include "cli/progress.hpp"
#include "cli/remote_context.hpp"
#include "cli/run.hpp"
#include "cli/wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace mybuild::cli {
namespace {

/// Classic output goes to standard output, as Docker's does, unless an archive goes there.
std::unique_ptr<EventSink> make_progress(const BuildCommand& command) {
    const bool archive_to_stdout =
        std::any_of(command.outputs.begin(), command.outputs.end(),
                    [](const OutputSpec& output) { return output.dest == "-"; });
    const TextSink errors(STDERR_FILENO);
    const TextSink out(archive_to_stdout ? STDERR_FILENO : STDOUT_FILENO);
    if (command.quiet || command.progress == "quiet") return make_quiet_progress(errors);
    if (command.progress == "plain") return make_plain_progress(errors);
    if (command.progress == "rawjson") return make_json_progress(errors);
    return make_classic_progress(out, errors);
}

ExportCompression compression(const std::string& name) {
    if (name == "zstd") return ExportCompression::zstd;
    return name == "uncompressed" ? ExportCompression::uncompressed : ExportCompression::gzip;
}

Status write_one(Wire& wire, const OutputSpec& output, const ExportedImage& image) {
    switch (output.type) {
    case OutputSpec::Type::oci:
    case OutputSpec::Type::docker:
        return write_output(output.dest, [&](ByteSink& sink) {
            return export_archive(wire.store(), wire.layers(), {image},
                                  compression(output.compression), sink);
        });
    case OutputSpec::Type::tar:
        return write_output(output.dest, [&](ByteSink& sink) {
            return export_tar(wire.store(), wire.layers(), image, sink);
        });
    case OutputSpec::Type::local:
        break;
    }
    return export_local(wire.store(), wire.layers(), image, output.dest);
}

Status write_outputs(Wire& wire, const BuildCommand& command, const BuildRequest& request,
                     const BuildResult& result) {
    if (command.outputs.empty()) return {};
    TRY_ASSIGN(auto image, wire.store().images().find(result.image));
    if (!image) return fail({ErrorCode::internal, "the image that was built is not in the store"});
    const ExportedImage exported{std::move(*image), request.tags, result.source_date_epoch};
    for (const auto& output : command.outputs) {
        auto written = write_one(wire, output, exported);
        if (!written)
            return fail(std::move(written).error().in(fmt::format("output {}", output.dest)));
    }
    return {};
}

BuildPorts make_ports(Wire& wire, const Given& given, EventSink& events) {
    return {wire.store(),
            wire.layers(),
            [&wire] { return wire.sandbox(); },
            [&wire](const plan::FromImage& image, const BuildPorts::Progress& progress,
                    std::stop_token stop) -> Status {
                const auto pulled = pull_image(
                    wire.store(), wire.layers(), wire.registry(), image.name, image.platform,
                    [&](const registry::BlobEvent& e) {
                        if (progress) progress(e.digest.str(), e.received, e.total);
                    },
                    std::move(stop));
                if (!pulled) return fail(pulled.error());
                return {};
            },
            events,
            [&given](const std::string& id) { return given.secrets->read(id); },
            [&given](const std::string& id) { return given.agent(id); },
            &wire.http(),
            given.known_hosts};
}

} // namespace

Status run_build(Wire& wire, const BuildCommand& command, std::stop_token stop) {
    // A stale id must not survive a build that fails.
    if (command.iidfile && ::unlink(command.iidfile->c_str()) != 0 && errno != ENOENT)
        return fail(errno_error(fmt::format("cannot remove {}", *command.iidfile), errno));
    TRY_ASSIGN(const auto given, open_given(command));
    TRY_ASSIGN(const auto request, make_request(wire, command, given.remote(stop)));
    const auto progress = make_progress(command);
    TRY_ASSIGN(const auto result,
               build(request, make_ports(wire, given, *progress), std::move(stop)));
    TRY(write_outputs(wire, command, request, result));
    if (command.iidfile) TRY(fs::write_file_atomic(AT_FDCWD, *command.iidfile, result.image.str()));
    if (command.quiet) TextSink(STDOUT_FILENO).write(result.image.str() + "\n");
    return {};
}

} // namespace mybuild::cli
