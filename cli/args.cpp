#include "cli/args.hpp"

#include "cli/call.hpp"
#include "cli/lint_args.hpp"
#include "parser/size.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mybuild::cli {
namespace {

constexpr std::array<std::string_view, 10> subcommands{
    "build", "lint", "images", "tag", "rmi", "pull", "load", "save", "inspect", "history"};

/// The options that concern RUN steps, as written.
struct StepOptions {
    std::vector<std::string> secrets, ssh, allowed, added_hosts, limits;
    std::string shm_size;
};

/// What the options of `build` are collected in before they are looked at together.
struct RawBuild {
    BuildCommand command;
    std::vector<std::string> build_args, labels, outputs, contexts;
    StepOptions steps;
    std::string call;
    bool check = false;
    bool legacy = false;
};

void keep_all(CLI::Option* option) {
    option->allow_extra_args(
        false); // one value each time, so that CONTEXT is not taken for another
}

void add_step_options(CLI::App& app, StepOptions& steps) {
    keep_all(app.add_option("--secret", steps.secrets,
                            "Secret for RUN --mount=type=secret: id=ID[,src=FILE|,env=VARIABLE]"));
    keep_all(
        app.add_option("--ssh", steps.ssh,
                       "Agent for RUN --mount=type=ssh: default, ID=SOCKET or ID=KEYFILE,..."));
    keep_all(app.add_option("--allow", steps.allowed,
                            "Let the Dockerfile have network.host or security.insecure"));
    keep_all(app.add_option("--add-host", steps.added_hosts,
                            "A host that RUN steps know: NAME:ADDRESS"));
    app.add_option("--shm-size", steps.shm_size, "Size of /dev/shm of RUN steps (default: 64m)");
    keep_all(app.add_option("--ulimit", steps.limits, "Limit of RUN steps: TYPE=SOFT[:HARD]"));
}

void add_build(CLI::App& app, RawBuild& raw) {
    auto& command = raw.command;
    keep_all(app.add_option("-t,--tag", command.tags,
                            "Name of the image, and optionally a tag: NAME[:TAG]"));
    app.add_option("-f,--file", command.file,
                   "The Dockerfile; - reads it from standard input "
                   "(default: Dockerfile or Containerfile in CONTEXT)");
    keep_all(app.add_option("--build-arg", raw.build_args,
                            "Value of an ARG: K=V, or K for the environment variable K"));
    app.add_option("--target", command.target, "Build this stage instead of the last one");
    keep_all(app.add_option("--label", raw.labels, "Put a label on the image: K=V"));
    app.add_flag("--no-cache", command.no_cache, "Execute every step");
    app.add_flag("--pull", command.pull,
                 "Ask the registry for base images even if the store has them");
    app.add_option("--network", command.network, "Network of RUN steps: default, none or host")
        ->check(CLI::IsMember({"default", "none", "host"}));
    keep_all(
        app.add_option("-o,--output", raw.outputs,
                       "Write the result: type=oci|docker|tar,dest=FILE or type=local,dest=DIR; "
                       "dest=- is standard output"));
    keep_all(app.add_option("--build-context", raw.contexts,
                            "Takes the place of an image or stage: NAME=DIRECTORY, "
                            "NAME=docker-image://IMAGE, NAME=oci-layout://DIRECTORY or NAME=URL"));
    add_step_options(app, raw.steps);
    app.add_option("--iidfile", command.iidfile, "Write the id of the image to this file");
    app.add_flag("-q,--quiet", command.quiet, "Print only the id of the image");
    app.add_option("--progress", command.progress,
                   "Form of the output: auto, classic, plain, tty, rawjson or quiet")
        ->check(CLI::IsMember({"auto", "classic", "plain", "tty", "rawjson", "quiet"}));
    app.add_option("--platform", command.platform, "Platform of the image: os/arch[/variant]");
    app.add_flag("--check", raw.check, "Check the Dockerfile and build nothing: --call=check");
    app.add_option("--call", raw.call,
                   "Instead of building: check, outline or targets; with ,format=json too");
    // Scripts written for the classic builder give these; there are no containers to remove here.
    app.add_flag("--rm,--force-rm", raw.legacy, "Accepted and ignored");
    app.add_flag("--load", raw.legacy, "Accepted: the image is always in the store");
    app.add_option("context", command.context, "The directory that COPY reads from")
        ->required()
        ->type_name("CONTEXT");
    app.footer("Examples:\n"
               "  mybuild -t myflask .\n"
               "  mybuild build -t app:1.2 -f docker/Dockerfile --build-arg VERSION=1.2 .\n"
               "  mybuild --secret id=token,env=TOKEN --ssh default -t app .\n"
               "  mybuild -o type=oci,dest=app.tar --target test .");
}

std::pair<std::string, std::optional<std::string>> split(const std::string& text) {
    const auto equals = text.find('=');
    if (equals == std::string::npos) return {text, std::nullopt};
    return {text.substr(0, equals), text.substr(equals + 1)};
}

Status finish_steps(const StepOptions& steps, BuildCommand& command) {
    for (const auto& text : steps.secrets) {
        TRY_ASSIGN(auto secret, parse_secret(text));
        command.secrets.push_back(std::move(secret));
    }
    for (const auto& text : steps.ssh) {
        TRY_ASSIGN(auto agent, parse_ssh(text));
        command.ssh.push_back(std::move(agent));
    }
    for (const auto& text : steps.allowed)
        TRY(parse_allow(text, command.allowed));
    for (const auto& text : steps.added_hosts) {
        TRY_ASSIGN(auto host, parse_added_host(text));
        command.added_hosts.push_back(std::move(host));
    }
    for (const auto& text : steps.limits) {
        TRY_ASSIGN(const auto limit, parse_ulimit(text));
        command.limits.push_back(limit);
    }
    if (steps.shm_size.empty()) return {};
    const auto size = parse_size(steps.shm_size);
    if (!size)
        return fail({ErrorCode::usage,
                     fmt::format("invalid size: --shm-size {}", steps.shm_size),
                     {},
                     "write it as 128m or 1g"});
    if (*size > 0) command.shm_size = size; // 0 is the default, as in Docker
    return {};
}

Result<BuildCommand> finish(RawBuild raw) {
    auto command = std::move(raw.command);
    TRY(add_build_args(raw.build_args, command));
    for (const auto& text : raw.labels) {
        auto [key, value] = split(text);
        if (key.empty())
            return fail({ErrorCode::usage, fmt::format("--label {}: the key is missing", text)});
        command.labels.emplace_back(std::move(key), value.value_or(""));
    }
    for (const auto& text : raw.contexts) {
        TRY_ASSIGN(auto context, plan::parse_named_context(text));
        command.contexts.insert_or_assign(std::move(context.first), std::move(context.second));
    }
    for (const auto& text : raw.outputs) {
        TRY_ASSIGN(auto output, parse_output(text));
        command.outputs.push_back(std::move(output));
    }
    TRY(finish_steps(raw.steps, command));
    if (raw.check && raw.call.empty()) raw.call = "check";
    if (!raw.call.empty()) {
        TRY_ASSIGN(command.call, parse_call(raw.call));
    }
    if (raw.check && command.call.method != Call::Method::check)
        return fail({ErrorCode::usage,
                     fmt::format("--check and --call={} contradict each other", raw.call)});
    return command;
}

/// `--format json` or `--format table`.
void add_format(CLI::App& app, std::string& format) {
    app.add_option("--format", format, "table or json")->check(CLI::IsMember({"table", "json"}));
}

/// The subcommands about images; each writes its command into `chosen` when it is parsed.
struct ImageCommands {
    ImagesCommand images;
    TagCommand tag;
    RemoveCommand remove;
    PullCommand pull;
    LoadCommand load;
    SaveCommand save;
    InspectCommand inspect;
    HistoryCommand history;
    std::string images_format = "table", history_format = "table", inspect_format = "json";
};

void add_listing(CLI::App& app, ImageCommands& all) {
    auto* images = app.add_subcommand("images", "List images");
    images->add_option("repository", all.images.name, "Only this name");
    images->add_flag("-q,--quiet", all.images.quiet, "Only ids");
    images->add_flag("--no-trunc", all.images.no_trunc, "Whole ids");
    add_format(*images, all.images_format);
    images->footer("Examples:\n  mybuild images\n  mybuild images --format json myflask");

    auto* history =
        app.add_subcommand("history", "Show how an image came to be, newest step first");
    history->add_option("image", all.history.name, "A name, an image id or the id of a step")
        ->required();
    history->add_flag("-q,--quiet", all.history.quiet, "Only ids");
    history->add_flag("--no-trunc", all.history.no_trunc, "Whole texts and ids");
    add_format(*history, all.history_format);
    history->footer("Example:\n  mybuild history myflask");

    auto* inspect = app.add_subcommand("inspect", "Print all that is known of images, as JSON");
    inspect->add_option("image", all.inspect.names, "Names, image ids or ids of steps")->required();
    inspect->add_option("--format", all.inspect_format, "json")->check(CLI::IsMember({"json"}));
    inspect->footer("Example:\n  mybuild inspect myflask");
}

void add_changing(CLI::App& app, ImageCommands& all) {
    auto* tag = app.add_subcommand("tag", "Give an image a further name");
    tag->add_option("source", all.tag.source, "A name or id")->required();
    tag->add_option("target", all.tag.target, "The new name")->required();
    tag->footer("Example:\n  mybuild tag myflask registry.example.com/team/myflask:1.0");

    auto* rmi = app.add_subcommand("rmi", "Remove names, and images that have none left");
    rmi->add_option("image", all.remove.names, "Names or ids")->required();
    rmi->add_flag("-f,--force", all.remove.force, "Also when an id has several names");
    rmi->footer("Example:\n  mybuild rmi myflask:old");
}

void add_moving(CLI::App& app, ImageCommands& all) {
    auto* pull = app.add_subcommand("pull", "Bring an image from its registry into the store");
    pull->add_option("name", all.pull.name, "NAME[:TAG|@DIGEST]")->required();
    pull->add_flag("-q,--quiet", all.pull.quiet, "Print only the name");
    pull->add_option("--platform", all.pull.platform, "os/arch[/variant]");
    pull->footer("Example:\n  mybuild pull alpine:3.20");

    auto* load = app.add_subcommand("load", "Bring images from an archive into the store");
    load->add_option(
        "-i,--input", all.load.input,
        "An OCI archive, a docker archive or an OCI layout directory (default: standard input)");
    load->add_flag("-q,--quiet", all.load.quiet, "Print nothing but errors");
    load->footer("Examples:\n  mybuild load -i image.tar\n  podman save app | mybuild load");

    auto* save =
        app.add_subcommand("save", "Write images into an archive that every runtime loads");
    save->add_option("image", all.save.names, "Names or ids")->required();
    save->add_option("-o,--output", all.save.output, "The file (default: standard output)");
    save->footer("Example:\n  mybuild save myflask -o myflask.tar");
}

Command chosen(const CLI::App& app, ImageCommands& all) {
    const auto is = [&](const char* name) { return app.got_subcommand(name); };
    all.images.json = all.images_format == "json";
    all.history.json = all.history_format == "json";
    if (is("images")) return all.images;
    if (is("tag")) return all.tag;
    if (is("rmi")) return all.remove;
    if (is("pull")) return all.pull;
    if (is("load")) return all.load;
    if (is("save")) return all.save;
    if (is("inspect")) return all.inspect;
    return all.history;
}

/// Where the first word that is no option (nor the value of one, as in `--target build`) stands;
/// size() if none.
std::size_t first_word(const std::vector<std::string>& args, const CLI::App& build) {
    for (std::size_t i = 0; i < args.size(); ++i) {
        if (!args[i].starts_with("-")) return i;
        const auto* option = build.get_option_no_throw(args[i]);
        if (args[i] == "--root" || (option != nullptr && option->get_items_expected_min() > 0)) ++i;
    }
    return args.size();
}

Error usage(const CLI::ParseError& error, const std::string& command) {
    auto message = std::string(error.what());
    while (!message.empty() && message.back() == '\n')
        message.pop_back();
    return {ErrorCode::usage,
            std::move(message),
            {},
            fmt::format("mybuild {}--help shows what there is", command)};
}

} // namespace

Result<std::variant<CommandLineArgs, Help>> parse_args(std::vector<std::string> args) {
    CLI::App app("mybuild builds container images from Dockerfiles, without a daemon.", "mybuild");
    app.set_version_flag("--version", "mybuild " MYBUILD_VERSION);
    CommandLineArgs result;
    app.add_option("--root", result.root, "Directory of the store (default: $MYBUILD_ROOT)");
    app.require_subcommand(1);
    app.fallthrough();
    app.footer("Without a command, `build` is meant: mybuild -t myflask .");
    RawBuild raw;
    ImageCommands images;
    auto& build = *app.add_subcommand("build", "Build an image from a Dockerfile");
    add_build(build, raw);
    RawLint lint;
    add_lint(app, lint);
    add_listing(app, images);
    add_changing(app, images);
    add_moving(app, images);

    const auto word = first_word(args, build);
    const bool names_command =
        word < args.size() &&
        std::find(subcommands.begin(), subcommands.end(), args[word]) != subcommands.end();
    const bool asks =
        !args.empty() && (args[0] == "--help" || args[0] == "-h" || args[0] == "--version");
    const std::string command = names_command ? args[word] + " " : "";
    if (!names_command && !args.empty() && !asks) args.insert(args.begin(), "build");
    std::reverse(args.begin(), args.end()); // CLI11 takes a vector from its end
    try {
        app.parse(args);
    } catch (const CLI::CallForVersion&) {
        return Help{"mybuild " MYBUILD_VERSION "\n"};
    } catch (const CLI::CallForHelp&) {
        return Help{app.help()};
    } catch (const CLI::ParseError& error) {
        return fail(usage(error, command));
    }
    if (app.got_subcommand("build")) {
        TRY_ASSIGN(result.command, finish(std::move(raw)));
    } else if (app.got_subcommand("lint")) {
        TRY_ASSIGN(auto finished, finish_lint(std::move(lint)));
        if (auto* text = std::get_if<Help>(&finished)) return std::move(*text);
        result.command = std::get<BuildCommand>(std::move(finished));
    } else {
        result.command = chosen(app, images);
    }
    return result;
}

} // namespace mybuild::cli
