#pragma once

#include "base/result.hpp"
#include "builder/events.hpp"
#include "builder/keys.hpp"
#include "builder/plan/stages.hpp"
#include "image/oci/reference.hpp"
#include "runtime/sandbox.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace mybuild {

class HttpTransport;
class LayerStore;
class SourceTree;
class Store;
namespace ssh {
struct Agent;
}

/// What COPY, ADD and bind mounts read where they name nothing else.
struct BuildContext {
    std::string directory = {};            ///< of this machine, canonical; empty: `tree`
    std::shared_ptr<SourceTree> tree = {}; ///< open already, not filtered: from an archive, …
    std::shared_ptr<const Source> ignore_file =
        {}; ///< .dockerignore (or NAME.dockerignore); may be null
    /// Of a context from elsewhere, seconds since 1970: when its commit was made, when its server
    /// says that it was changed, or else the time of its newest file. What
    /// SOURCE_DATE_EPOCH=context means; none: nothing.
    std::optional<std::int64_t> time = {};
};

/// Everything that a build is asked to do; made by the command line, understood without it.
struct BuildRequest {
    std::shared_ptr<const Source> dockerfile; ///< its text, under the name errors show
    BuildContext context;
    plan::PlanOptions plan = {};
    RunDefaults run = {};                       ///< for RUN steps
    std::optional<std::uint64_t> shm_size = {}; ///< --shm-size: of /dev/shm of RUN steps, in bytes
    std::vector<runtime::ResourceLimit> limits = {}; ///< --ulimit
    bool no_cache = false;
    bool pull = false; ///< ask the registry even for bases the store has
    std::vector<oci::Reference> tags = {};
};

/// What a build needs from outside; the owner keeps all of it alive until build() has returned.
struct BuildPorts {
    Store& store;
    LayerStore& layers;
    std::function<Result<runtime::Sandbox*>()> sandbox; ///< made when the first RUN needs it
    /// Brings an image into the store (pull) and tags it there; called only where the store has
    /// none (or pull is set). Progress: what, current, total.
    using Progress = std::function<void(const std::string&, std::uint64_t, std::uint64_t)>;
    std::function<Status(const plan::FromImage&, const Progress&, std::stop_token)> pull_image;
    EventSink& events;
    /// The bytes of the secret of this id; none: the caller has given none. Empty: there are none.
    std::function<Result<std::optional<std::string>>(const std::string& id)> secret = {};
    /// The ssh agent of this id (--ssh); null: the caller has given none.
    std::function<std::shared_ptr<const ssh::Agent>(const std::string& id)> ssh_agent = {};
    HttpTransport* http = nullptr; ///< what ADD of a URL asks; null: there is no network
    std::vector<std::string> known_hosts = {}; ///< as in GitPorts
};

struct BuildResult {
    Digest image;                ///< id: digest of the config
    std::string config;          ///< its exact bytes
    std::optional<Digest> chain; ///< chain id of its layers; none: no layer
    /// SOURCE_DATE_EPOCH of the build, in seconds.
    std::optional<std::int64_t> source_date_epoch = {};
};

/// Builds the target: plan, look up, run what is left, put the image into the store, tag it.
/// Errors carry the Dockerfile line. A failed RUN is ErrorCode::command_failed with the command's
/// exit code in Error::exit_code.
Result<BuildResult> build(const BuildRequest& request, const BuildPorts& ports,
                          std::stop_token stop);

} // namespace mybuild
