#include "builder/export.hpp"
#include "builder/import.hpp"
#include "cache/store.hpp"
#include "cli/find_image.hpp"
#include "cli/output_file.hpp"
#include "cli/progress.hpp"
#include "cli/run.hpp"
#include "cli/wire.hpp"

#include <fmt/format.h>

#include <mutex>
#include <unistd.h>

namespace mybuild::cli {
namespace {

void print(const std::string& text) {
    TextSink(STDOUT_FILENO).write(text);
}

Status remove_one(Store& store, const std::string& name, bool force) {
    TRY_ASSIGN(const auto image, find_image(store, name));
    TRY_ASSIGN(auto names, names_of(store, image.id));
    const auto reference = oci::parse_reference(name);
    bool by_name = false;
    if (reference) {
        TRY_ASSIGN(const auto tagged, store.images().by_tag(*reference));
        by_name = tagged.has_value();
    }
    if (!by_name && names.size() > 1 && !force) {
        return fail({ErrorCode::invalid,
                     fmt::format("image {} has several names", image.id.hex().substr(0, 12)),
                     {},
                     "name one of them, or use --force to remove them all"});
    }
    for (const auto& tag : names) {
        if (by_name && tag.canonical() != reference->canonical()) continue;
        TRY(store.images().untag(tag));
        print(fmt::format("Untagged: {}\n", tag.familiar()));
    }
    TRY_ASSIGN(names, names_of(store, image.id));
    if (!names.empty()) return {};
    TRY(store.images().remove(image.id));
    print(fmt::format("Deleted: {}\n", image.id.str()));
    return {};
}

/// Says when a layer begins and ends to arrive.
class PullReport {
  public:
    void operator()(const registry::BlobEvent& e) {
        using Kind = registry::BlobEvent::Kind;
        const char* what = e.kind == Kind::exists     ? "Already exists"
                           : e.kind == Kind::started  ? "Pulling"
                           : e.kind == Kind::retrying ? "Retrying"
                           : e.kind == Kind::done     ? "Pull complete"
                                                      : nullptr;
        if (what == nullptr) return;
        const std::lock_guard lock(m_mutex);
        print(fmt::format("{}: {}\n", e.digest.hex().substr(0, 12), what));
    }

  private:
    std::mutex m_mutex;
};

} // namespace

Status run_tag(Wire& wire, const TagCommand& command) {
    TRY_ASSIGN(const auto image, find_image(wire.store(), command.source));
    auto name = oci::parse_reference(command.target);
    if (!name) return fail(std::move(name).error());
    if (name->digest)
        return fail({ErrorCode::usage, "refusing to create a tag with a digest reference"});
    return wire.store().images().tag(*name, image.manifest, image.id);
}

Status run_remove(Wire& wire, const RemoveCommand& command) {
    for (const auto& name : command.names)
        TRY(remove_one(wire.store(), name, command.force));
    return {};
}

Status run_pull(Wire& wire, const PullCommand& command, std::stop_token stop) {
    TRY_ASSIGN(const auto name, oci::parse_reference(command.name));
    auto platform = oci::host_platform();
    if (command.platform) {
        TRY_ASSIGN(platform, oci::parse_platform(*command.platform));
    }
    PullReport report;
    registry::BlobProgress progress;
    if (!command.quiet) progress = [&](const registry::BlobEvent& e) { report(e); };
    TRY_ASSIGN(const auto pulled, pull_image(wire.store(), wire.layers(), wire.registry(), name,
                                             platform, progress, std::move(stop)));
    if (!command.quiet) print(fmt::format("Digest: {}\n", pulled.image.manifest.digest.str()));
    print(name.canonical() + "\n");
    return {};
}

Status run_load(Wire& wire, const LoadCommand& command, std::stop_token stop) {
    TRY_ASSIGN(const auto loaded,
               load_archive(wire.store(), wire.layers(), command.input, STDIN_FILENO,
                            oci::host_platform(), std::move(stop)));
    if (command.quiet) return {};
    for (const auto& image : loaded) {
        for (const auto& name : image.names)
            print(fmt::format("Loaded image: {}\n", name.familiar()));
        if (image.names.empty()) print(fmt::format("Loaded image ID: {}\n", image.image.id.str()));
    }
    return {};
}

Status run_save(Wire& wire, const SaveCommand& command) {
    std::vector<ExportedImage> images;
    for (const auto& text : command.names) {
        TRY_ASSIGN(auto image, find_image(wire.store(), text));
        ExportedImage exported{std::move(image), {}};
        if (const auto name = oci::parse_reference(text)) {
            TRY_ASSIGN(const auto tagged, wire.store().images().by_tag(*name));
            if (tagged) exported.names.push_back(*name);
        }
        images.push_back(std::move(exported));
    }
    return write_output(command.output, [&](ByteSink& sink) {
        return export_archive(wire.store(), wire.layers(), images, ExportCompression::gzip, sink);
    });
}

} // namespace mybuild::cli
