#include "builder/keys.hpp"

namespace mybuild {
namespace {

/// A mount as far as it defines the step: what a cache holds or a secret says is not part of it.
void add_mount(KeyBuilder& key, const Mount& mount) {
    key.add("mount", name(mount.type)).add("target", mount.target).add("source", mount.source);
    key.add("from", mount.from.value_or("")).add("read only", mount.read_only).add("id", mount.id);
    key.add("env", mount.env.value_or("")).add("required", mount.required);
    key.add("size", mount.size.value_or(0)).add("mode", std::uint64_t{mount.mode.value_or(0)});
    key.add("uid", std::uint64_t{mount.uid.value_or(0)});
    key.add("gid", std::uint64_t{mount.gid.value_or(0)});
}

void add_fields(KeyBuilder& key, const plan::RunOp& op, const RunDefaults& defaults) {
    key.add("argv", op.argv).add("env", op.env).add("user", op.user).add("workdir", op.working_dir);
    key.add("network", op.network == "default" ? defaults.network : op.network);
    key.add("security", op.security);
    if (!op.hostname.empty()) key.add("hostname", op.hostname);
    if (!defaults.added_hosts.empty()) key.add("hosts", defaults.added_hosts);
    for (const auto& [name, content] : op.script_files)
        key.add("script name", name).add("script", content);
    for (const auto& mount : op.mounts)
        add_mount(key, mount);
}

void add_fields(KeyBuilder& key, const plan::CopyOp& op, const RunDefaults&) {
    key.add("add", op.is_add).add("destination", op.destination);
    key.add("chown", op.chown.value_or("")).add("chmod", op.chmod.value_or(""));
    key.add("link", op.link).add("parents", op.parents).add("exclude", op.excludes);
    key.add("keeps owners", op.from.has_value() && !op.chown);
    if (op.is_add) {
        key.add("checksum", op.checksum.value_or("")).add("keep git dir", op.keep_git_dir);
        key.add("unpack", op.unpack ? (*op.unpack ? "yes" : "no") : "default");
    }
}

void add_fields(KeyBuilder& key, const plan::WorkdirOp& op, const RunDefaults&) {
    key.add("path", op.path).add("user", op.user);
}

void add_fields(KeyBuilder&, const plan::MetaOp&, const RunDefaults&) {}

} // namespace

OwnKey own_key(const plan::Step& step, const oci::Platform& platform, const RunDefaults& defaults,
               std::optional<std::int64_t> epoch) {
    KeyBuilder key("own");
    key.add("instruction", step.keyword).add("platform", platform.str());
    std::visit([&](const auto& op) { add_fields(key, op, defaults); }, step.op);
    if (std::holds_alternative<plan::MetaOp>(step.op)) key.add("text", step.created_by);
    if (std::holds_alternative<plan::WorkdirOp>(step.op) && step.makes_layer && epoch)
        key.add("time", static_cast<std::uint64_t>(*epoch));
    return {key.digest(), key.fields()};
}

Digest definition_key(const Digest& parent, const OwnKey& own, const std::string& created_by,
                      const std::optional<Digest>& copied) {
    KeyBuilder key("definition");
    key.add("parent", parent).add("own", own.digest).add("history", created_by);
    if (copied) key.add("copied", *copied);
    return key.digest();
}

Digest content_key(const Digest& below, const OwnKey& own, const plan::Step& step,
                   const std::optional<Digest>& copied) {
    KeyBuilder key("content");
    key.add("below", below).add("own", own.digest);
    if (copied) key.add("copied", *copied);
    if (!step.makes_layer) key.add("history", step.created_by);
    return key.digest();
}

Digest base_definition(const std::optional<Digest>& image_id, const oci::Platform& platform) {
    KeyBuilder key("base");
    key.add("platform", platform.str());
    if (image_id) key.add("image", *image_id);
    return key.digest();
}

Digest context_definition(const Digest& content, const oci::Platform& platform) {
    return KeyBuilder("base").add("platform", platform.str()).add("context", content).digest();
}

Digest content_chain(const Digest& below, const Digest& content_id) {
    KeyBuilder key("content chain");
    key.add("below", below).add("layer", content_id);
    return key.digest();
}

Digest empty_content_chain() {
    return KeyBuilder("content chain").digest();
}

} // namespace mybuild
