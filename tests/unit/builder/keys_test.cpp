#include "builder/keys.hpp"

#include <doctest/doctest.h>

#include <functional>

using namespace mybuild;

namespace {

plan::Step run_step(const std::function<void(plan::RunOp&)>& change = [](plan::RunOp&) {}) {
    plan::RunOp op;
    op.argv = {"/bin/sh", "-c", "make"};
    op.env = {"PATH=/bin"};
    op.working_dir = "/";
    change(op);
    plan::Step step;
    step.op = std::move(op);
    step.keyword = "RUN";
    step.makes_layer = true;
    step.created_by = "RUN /bin/sh -c make";
    return step;
}

Digest own(const plan::Step& step, const RunDefaults& defaults = {}) {
    return own_key(step, oci::Platform{}, defaults).digest;
}

} // namespace

TEST_CASE("everything that can change what a RUN does changes its key") {
    const auto plain = own(run_step());
    const std::vector<std::function<void(plan::RunOp&)>> changes{
        [](auto& op) { op.argv[2] = "make all"; },
        [](auto& op) {
            op.argv = {"/bin/sh", "-c make"};
        },
        [](auto& op) { op.env.push_back("A=1"); },
        [](auto& op) { op.user = "nobody"; },
        [](auto& op) { op.working_dir = "/src"; },
        [](auto& op) { op.network = "none"; },
        [](auto& op) { op.security = "insecure"; },
        [](auto& op) { op.script_files.emplace_back("EOF", "#!/bin/sh\n"); },
        [](auto& op) { op.mounts.push_back(Mount{.type = MountType::tmpfs, .target = "/t"}); },
    };
    for (std::size_t i = 0; i < changes.size(); ++i) {
        CAPTURE(i);
        CHECK(own(run_step(changes[i])) != plain);
    }
    CHECK(own(run_step(), {.network = "none"}) != plain);
}

TEST_CASE("added hosts are part of a RUN, and of nothing else") {
    const RunDefaults added{.added_hosts = {"db=10.0.0.1"}};
    CHECK(own(run_step(), added) != own(run_step()));
    CHECK(own(run_step(), added) != own(run_step(), {.added_hosts = {"db=10.0.0.2"}}));
    plan::Step workdir;
    workdir.op = plan::WorkdirOp{.path = "/w"};
    CHECK(own(workdir, added) == own(workdir));
}

TEST_CASE("the time that was asked for is part of a WORKDIR that makes directories, and of no "
          "other step") {
    const auto at = [](const plan::Step& step, std::optional<std::int64_t> epoch) {
        return own_key(step, oci::Platform{}, {}, epoch).digest;
    };
    plan::Step workdir;
    workdir.op = plan::WorkdirOp{.path = "/w"};
    CHECK(at(workdir, 1) == at(workdir, {}));
    workdir.makes_layer = true;
    CHECK(at(workdir, 1) != at(workdir, {}));
    CHECK(at(workdir, 1) != at(workdir, 2));
    CHECK(at(run_step(), 1) == at(run_step(), {}));
}

TEST_CASE("proxies are in no key") {
    CHECK(own(run_step([](auto& op) { op.proxy_env = {"http_proxy=http://p"}; })) ==
          own(run_step()));
}

TEST_CASE("a definition key is chained to its parent, a content key to the content below") {
    const auto step = run_step();
    const auto key = own_key(step, oci::Platform{}, {});
    const auto a = Digest::of("a"), b = Digest::of("b");
    CHECK(definition_key(a, key, "x", {}) != definition_key(b, key, "x", {}));
    CHECK(definition_key(a, key, "x", {}) != definition_key(a, key, "y", {}));
    CHECK(definition_key(a, key, "x", {}) != definition_key(a, key, "x", b));
    CHECK(content_key(a, key, step, {}) != content_key(b, key, step, {}));
    auto reworded = step;
    reworded.created_by = "RUN |1 A=1 /bin/sh -c make";
    CHECK(content_key(a, key, step, {}) == content_key(a, key, reworded, {}));
}

TEST_CASE("what a COPY is called in history is no part of what it makes") {
    plan::Step step;
    step.op = plan::CopyOp{.sources = {"./app"}, .destination = "/app"};
    step.keyword = "COPY";
    auto other = step;
    std::get<plan::CopyOp>(other.op).sources = {"app"};
    CHECK(own(step) == own(other));
    std::get<plan::CopyOp>(other.op).destination = "/app/";
    CHECK(own(step) != own(other));
}
