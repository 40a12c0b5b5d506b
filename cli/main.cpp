#include "base/render.hpp"
#include "cli/args.hpp"
#include "cli/call.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/run.hpp"
#include "cli/wire.hpp"

#include <csignal>
#include <exception>
#include <unistd.h>

namespace mybuild::cli {
namespace {

constexpr int exit_usage = 2;

Status run(Wire& wire, const Command& command, std::stop_token stop) {
    struct Visitor {
        Wire& wire;
        std::stop_token stop;
        Status operator()(const BuildCommand& c) { return run_build(wire, c, stop); }
        Status operator()(const ImagesCommand& c) { return run_images(wire, c); }
        Status operator()(const TagCommand& c) { return run_tag(wire, c); }
        Status operator()(const RemoveCommand& c) { return run_remove(wire, c); }
        Status operator()(const PullCommand& c) { return run_pull(wire, c, stop); }
        Status operator()(const LoadCommand& c) { return run_load(wire, c, stop); }
        Status operator()(const SaveCommand& c) { return run_save(wire, c); }
        Status operator()(const InspectCommand& c) { return run_inspect(wire, c); }
        Status operator()(const HistoryCommand& c) { return run_history(wire, c); }
    };
    return std::visit(Visitor{wire, std::move(stop)}, command);
}

int report(const Error& error) {
    TextSink(STDERR_FILENO).write(render(error));
    return error.code == ErrorCode::usage ? exit_usage : error.exit_code;
}

int real_main(int argc, char** argv) {
    // A reader that goes away (`mybuild … | head`) is seen as a failed write, never as our death.
    std::signal(SIGPIPE, SIG_IGN);
    auto parsed = parse_args({argv + 1, argv + argc});
    if (!parsed) return report(parsed.error());
    if (const auto* help = std::get_if<Help>(&*parsed)) {
        TextSink(STDOUT_FILENO).write(help->text);
        return 0;
    }
    const auto& args = std::get<CommandLineArgs>(*parsed);
    if (const auto* build = std::get_if<BuildCommand>(&args.command);
        build != nullptr && build->call.method != Call::Method::build) {
        const auto code = run_call(args.root, *build);
        return code ? *code : report(code.error());
    }
    Interrupt interrupt;
    auto wire = Wire::open(args.root);
    if (!wire) return report(wire.error());
    const auto done = run(*wire, args.command, interrupt.token());
    if (const int signal = interrupt.signal(); signal != 0 && !done) {
        TextSink(STDERR_FILENO).write("mybuild: interrupted\n");
        return 128 + signal;
    }
    return done ? 0 : report(done.error());
}

} // namespace
} // namespace mybuild::cli

int main(int argc, char** argv) {
    try {
        return mybuild::cli::real_main(argc, argv);
    } catch (const std::exception& bug) {
        mybuild::cli::TextSink(STDERR_FILENO)
            .write(std::string("mybuild: internal error: ") + bug.what() + "\n");
        return 1;
    }
}
