#include "builder/scheduler.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <barrier>
#include <condition_variable>
#include <mutex>
#include <thread>

using namespace mybuild;

namespace {
using Needs = std::vector<std::vector<std::size_t>>;
} // namespace

TEST_CASE("every wanted node runs once, after what it needs") {
    const Needs needs{{}, {0}, {0}, {1, 2}, {}};
    std::vector<std::size_t> order;
    std::mutex mutex;
    REQUIRE(run_graph(needs, {true, true, true, true, false}, 4, {},
                      [&](std::size_t node, std::stop_token) -> Status {
                          const std::lock_guard lock(mutex);
                          order.push_back(node);
                          return {};
                      }));
    REQUIRE(order.size() == 4);
    CHECK(order.front() == 0);
    CHECK(order.back() == 3);
    CHECK(std::find(order.begin(), order.end(), 4) == order.end());
}

TEST_CASE("independent nodes run at the same time") {
    std::barrier both(2); // passed only when two nodes are inside
    CHECK(run_graph({{}, {}}, {true, true}, 2, {}, [&](std::size_t, std::stop_token) -> Status {
        both.arrive_and_wait();
        return {};
    }));
}

TEST_CASE("a chain runs on the calling thread") {
    const auto self = std::this_thread::get_id();
    CHECK(run_graph({{}, {0}, {1}}, {true, true, true}, 4, {},
                    [&](std::size_t, std::stop_token) -> Status {
                        CHECK(std::this_thread::get_id() == self);
                        return {};
                    }));
}

TEST_CASE("a failure stops what runs and what waits, and is what is reported") {
    std::vector<bool> ran(3, false);
    const auto done = run_graph({{}, {}, {0, 1}}, {true, true, true}, 2, {},
                                [&](std::size_t node, std::stop_token stop) -> Status {
                                    ran[node] = true;
                                    if (node == 0)
                                        return fail({ErrorCode::command_failed, "first"});
                                    std::mutex mutex;
                                    std::condition_variable_any stopped;
                                    std::unique_lock lock(mutex);
                                    stopped.wait(lock, stop, [] { return false; });
                                    return fail({ErrorCode::cancelled, "second"});
                                });
    REQUIRE_FALSE(done);
    CHECK(done.error().message == "first");
    CHECK_FALSE(ran[2]);
}

TEST_CASE("a stop request from outside reaches the nodes") {
    std::stop_source outside;
    const auto done = run_graph({{}, {0}}, {true, true}, 1, outside.get_token(),
                                [&](std::size_t, std::stop_token stop) -> Status {
                                    outside.request_stop();
                                    CHECK(stop.stop_requested());
                                    return fail({ErrorCode::cancelled, "stopped"});
                                });
    CHECK(done.error().code == ErrorCode::cancelled);
}

TEST_CASE("nothing wanted is success") {
    CHECK(run_graph({{}}, {false}, 1, {}, [](std::size_t, std::stop_token) -> Status {
        return fail({ErrorCode::internal, "never called"});
    }));
}
