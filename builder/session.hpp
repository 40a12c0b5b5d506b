#pragma once

#include "builder/build.hpp"
#include "builder/copy/select.hpp"
#include "builder/copy/source_tree.hpp"
#include "builder/keys.hpp"
#include "builder/plan/steps.hpp"
#include "cache/file_digests.hpp"
#include "cache/images.hpp"
#include "cache/layers/layer_store.hpp"
#include "cache/records.hpp"
#include "parser/ignore.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace mybuild {

/// Sends events one at a time, stamped with the clock.
class EventLog {
  public:
    explicit EventLog(EventSink& sink) : m_sink(sink) {}
    void send(const Event& event);
    static std::int64_t now_ns(); ///< CLOCK_REALTIME

  private:
    EventSink& m_sink;
    std::mutex m_mutex;
};

/// A step with its keys, known before anything runs.
struct KeyedStep {
    OwnKey own;
    Digest definition;
    /// Of what a COPY copies or a RUN mounts from elsewhere, as far as it is known before.
    std::optional<Digest> copied;
    std::vector<SelectedSource> selection; ///< of a COPY from the context, with digests
    std::vector<Digest> bound;             ///< of a RUN: what each mount shows of the context
};

/// What a stage starts with.
struct StageStart {
    std::optional<StoredImage> image; ///< FROM an image
    std::optional<Digest> context;    ///< FROM a named context: digest of all that is in it
    Digest definition;                ///< where its chain of definition keys starts
    std::string created = {};         ///< of that image
    std::string id;                   ///< shown after FROM: 12 digits, empty for scratch
};

/// Where a stage has got to: all that later stages and the image need of it.
struct StageState {
    Digest definition;           ///< of the last step done
    oci::ImageConfig config;     ///< with history, diff ids and created
    std::optional<Digest> chain; ///< chain id of its layers; none: no layer yet
};

/// One build on its way: what was asked, what is known, what has been done. Made by prepare();
/// stages then only write to their own `states` entry.
struct Session {
    const BuildRequest& request;
    const BuildPorts& ports;
    plan::PlanOptions options; ///< the request's, with the number of SOURCE_DATE_EPOCH
    EventLog events;
    Dockerfile file;
    std::vector<Error> parse_warnings;
    plan::StageGraph graph;
    std::vector<plan::StagePlan> plans;             ///< by stage; empty for unreachable ones
    std::vector<StageStart> starts;                 ///< by stage
    std::vector<std::vector<KeyedStep>> keyed;      ///< by stage and step
    std::map<std::string, StoredImage> images;      ///< by canonical name and platform
    std::unordered_map<Digest, StepRecord> records; ///< by definition key
    Fd stat_index_dir;                              ///< of the store; open when it is needed
    std::vector<std::unique_ptr<FileDigests>> stat_indexes; ///< of context directories
    IgnoreRules ignore;                                     ///< of the build context
    std::shared_ptr<SourceTree> context; ///< without what its ignore file excludes
    std::map<std::string, std::shared_ptr<SourceTree>> named; ///< named contexts in use, likewise
    /// By stage and step, for ADD of URLs: what each source has brought.
    std::map<StepRef, std::vector<FetchedSource>> fetched;
    std::vector<StageState> states;                ///< by stage, when it is done
    std::optional<std::int64_t> source_date_epoch; ///< seconds; times of new history entries

    Session(const BuildRequest& asked, const BuildPorts& given)
        : request(asked), ports(given), options(asked.plan), events(given.events) {}

    /// source_date_epoch in nanoseconds.
    [[nodiscard]] std::optional<std::int64_t> epoch_ns() const {
        if (!source_date_epoch) return std::nullopt;
        return *source_date_epoch * 1'000'000'000;
    }
    [[nodiscard]] const plan::Step& step(std::size_t stage, std::size_t index) const {
        return plans[stage].steps[index];
    }
    /// The image that FROM, --from or from= names; it was brought into the store by prepare().
    [[nodiscard]] const StoredImage& image(const plan::FromImage& origin) const;
    /// Adds what defines the files of a stage or image, known before anything runs: part of the
    /// definition key of steps that take some of them.
    void add_definition(KeyBuilder& key, const plan::Origin& origin) const;
    /// `error` with the Dockerfile line of the step.
    [[nodiscard]] Error located(Error error, Span span) const;
};

/// Parses, resolves base images, plans every reachable stage, computes all definition keys and
/// looks them up at once. Nothing is executed.
Status prepare(Session& session, std::stop_token stop);

/// Key under which Session::images keeps an image.
std::string image_key(const plan::FromImage& origin);

} // namespace mybuild
