#include "builder/remote/fetch_sources.hpp"

#include "base/parallel.hpp"
#include "builder/plan/copy_source.hpp"
#include "builder/remote/git_trees.hpp"
#include "builder/remote/url_files.hpp"
#include "builder/remote/url_tree.hpp"
#include "cache/store.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mybuild {
namespace {

constexpr std::size_t most_at_once = 6;
constexpr std::string_view unnamed = "__unnamed__"; // as BuildKit calls it

/// A source of ADD in the Dockerfile.
struct Place {
    StepRef step; ///< of Session::fetched
    std::size_t number = 0;
    Span span = {};
};

/// What is fetched once, for all who want it.
struct Wanted {
    std::string text = {};
    std::string checksum = {};
    bool keep_git_dir = false;
    std::vector<Place> places = {};
};

bool is_url(const std::string& source) {
    return plan::classify_source(source) != plan::SourceKind::path;
}

std::vector<Wanted> wanted_by(const Session& session) {
    std::vector<Wanted> all;
    const auto add = [&](const Wanted& wanted, const Place& place) {
        const auto same = [&](const Wanted& one) {
            return one.text == wanted.text && one.checksum == wanted.checksum &&
                   one.keep_git_dir == wanted.keep_git_dir;
        };
        auto found = std::ranges::find_if(all, same);
        if (found == all.end()) found = all.insert(all.end(), wanted);
        found->places.push_back(place);
    };
    for (std::size_t stage = 0; stage < session.plans.size(); ++stage) {
        const auto& steps = session.plans[stage].steps;
        for (std::size_t index = 0; index < steps.size(); ++index) {
            const auto* copy = std::get_if<plan::CopyOp>(&steps[index].op);
            if (copy == nullptr || !copy->is_add) continue;
            for (std::size_t number = 0; number < copy->sources.size(); ++number)
                if (is_url(copy->sources[number]))
                    add({copy->sources[number], copy->checksum.value_or(""), copy->keep_git_dir},
                        {{stage, index}, number, copy->source_spans.at(number)});
        }
    }
    return all;
}

class Fetcher {
  public:
    Fetcher(Session& session, std::stop_token stop) : m_session(session), m_stop(std::move(stop)) {}

    Result<FetchedSource> fetch(const Wanted& wanted) {
        if (m_session.ports.http == nullptr)
            return fail({ErrorCode::unsupported, "there is no network to fetch URLs from"});
        const bool is_git = plan::classify_source(wanted.text) == plan::SourceKind::git;
        return is_git ? repository(wanted) : file(wanted);
    }

  private:
    Result<FetchedSource> repository(const Wanted& wanted) {
        auto& ports = m_session.ports;
        TRY_ASSIGN(auto url, parse_git_url(wanted.text));
        if (url.checksum.empty()) url.checksum = wanted.checksum;
        GitTrees trees(git_ports(ports), ports.layers);
        TRY_ASSIGN(auto tree, trees.fetch(url, wanted.keep_git_dir, {url.remote}, m_stop));
        return FetchedSource{std::move(tree), ""};
    }

    Result<FetchedSource> file(const Wanted& wanted) {
        auto& ports = m_session.ports;
        TRY_ASSIGN(const auto url, parse_file_url(wanted.text));
        std::optional<Digest> checksum;
        if (!wanted.checksum.empty()) {
            TRY_ASSIGN(checksum, Digest::parse(wanted.checksum));
        }
        const auto& place = wanted.places.front().step;
        const auto progress = [&](std::uint64_t received, std::uint64_t total) {
            m_session.events.send(
                event::StepProgress{{place.stage, place.step + 1}, url.shown, received, total});
        };
        UrlFiles files(*ports.http, ports.store, ports.secret);
        TRY_ASSIGN(const auto got, files.fetch(url, checksum, progress, m_stop));
        const auto name = url.name.empty() ? std::string(unnamed) : url.name;
        TRY_ASSIGN(auto tree, make_url_tree(ports.store.blobs(), got, name, {url.shown}));
        return FetchedSource{std::move(tree), name};
    }

    Session& m_session;
    std::stop_token m_stop;
};

} // namespace

Status fetch_sources(Session& session, ErrorList& errors, std::stop_token stop) {
    const auto wanted = wanted_by(session);
    if (wanted.empty() || !errors.empty()) return {};
    std::vector<Result<FetchedSource>> got(wanted.size());
    Fetcher fetcher(session, stop);
    TRY(parallel_for(wanted.size(), std::min(wanted.size(), most_at_once), [&](std::size_t i) {
        got[i] = fetcher.fetch(wanted[i]);
        return Status();
    }));
    if (stop.stop_requested()) return fail({ErrorCode::cancelled, "the build was stopped"});
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (!got[i]) {
            errors.add(session.located(std::move(got[i]).error().in("ADD"),
                                       wanted[i].places.front().span));
            continue;
        }
        for (const auto& place : wanted[i].places) {
            auto& sources = session.fetched[place.step];
            sources.resize(std::max(sources.size(), place.number + 1));
            sources[place.number] = *got[i];
        }
    }
    return {};
}

bool all_fetched(const plan::CopyOp& op, std::span<const FetchedSource> fetched) {
    for (std::size_t number = 0; op.is_add && number < op.sources.size(); ++number) {
        const bool is_there = number < fetched.size() && fetched[number].tree;
        if (is_url(op.sources[number]) && !is_there) return false;
    }
    return true;
}

} // namespace mybuild
