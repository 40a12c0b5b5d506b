#include "base/fs.hpp"
#include "image/registry/credentials.hpp"

#include <doctest/doctest.h>

#include <array>
#include <fcntl.h>
#include <map>

using namespace mybuild;
using namespace mybuild::registry;

namespace {

/// Files below a directory of their own; `DIR` in the environment stands for it.
struct Files {
    fs::TempDir dir = fs::TempDir::create("/tmp", "credentials-").value();

    void write(const std::string& path, std::string_view text, unsigned mode = 0644) {
        if (const auto slash = path.rfind('/'); slash != std::string::npos)
            REQUIRE(fs::make_dirs_at(dir.fd(), path.substr(0, slash)));
        REQUIRE(fs::write_file_atomic(dir.fd(), path, text, mode));
    }
    [[nodiscard]] std::string path(const std::string& name) const {
        return dir.path() + "/" + name;
    }
    [[nodiscard]] CredentialEnvironment home() const {
        CredentialEnvironment environment;
        environment.home = dir.path();
        return environment;
    }
};

class FakeHelper final : public CredentialHelper {
  public:
    Result<std::optional<Credentials>> get(const std::string& name,
                                           const std::string& server) override {
        asked.push_back(name + " " + server);
        const auto found = stored.find(server);
        return found == stored.end() ? std::nullopt : std::optional(found->second);
    }
    std::map<std::string, Credentials> stored;
    std::vector<std::string> asked;
};

/// `user/password/token`, `none` or the error.
std::string found(CredentialEnvironment environment, const std::string& registry,
                  const std::string& repository = "a/b",
                  std::shared_ptr<CredentialHelper> helper = nullptr) {
    const auto result = make_file_credentials(std::move(environment), std::move(helper))
                            ->find(registry, repository);
    if (!result) return "error: " + result.error().message;
    if (!*result) return "none";
    return (**result).user + "/" + (**result).password + "/" + (**result).identity_token;
}

} // namespace

TEST_CASE("credentials are found under the names that docker and podman give a registry") {
    Files files;
    // base64 of ada:one, bob:two, cid:three, dot:fo:ur
    files.write(".docker/config.json", R"({"auths":{
        "https://index.docker.io/v1/": {"auth":"YWRhOm9uZQ=="},
        "r.example": {"auth":"Ym9iOnR3bw=="},
        "https://s.example/v2/": {"auth":"Y2lkOnRocmVl"},
        "r.example/team": {"username":"eve","password":"five"},
        "t.example:5000": {"auth":"ZG90OmZvOnVy","identitytoken":"refresh"},
        "empty.example": {},
        "bad.example": {"auth":"bm9jb2xvbg=="}}})");
    struct Case {
        const char* registry;
        const char* repository;
        const char* found;
    };
    for (const Case& c : std::array{
             Case{"docker.io", "library/alpine", "ada/one/"},
             Case{"r.example", "a/b", "bob/two/"},
             Case{"r.example", "team/x", "eve/five/"},
             Case{"r.example", "teams/x", "bob/two/"},
             Case{"s.example", "a", "cid/three/"},
             Case{"t.example:5000", "a", "dot/fo:ur/refresh"},
             Case{"t.example", "a", "none"},
             Case{"empty.example", "a", "none"},
             Case{"index.docker.io.example", "a", "none"},
         }) {
        CAPTURE(c.registry);
        CAPTURE(c.repository);
        CHECK(found(files.home(), c.registry, c.repository) == c.found);
    }
    CHECK(found(files.home(), "bad.example").find("`auth` is not base64") != std::string::npos);
}

TEST_CASE("the files are asked in order and may be missing") {
    Files files;
    CHECK(found(files.home(), "r.example") == "none");
    CHECK(found({}, "r.example") == "none");
    const auto entry = [](const std::string& user) {
        return R"({"auths":{"r.example":{"username":")" + user + R"(","password":"p"}}})";
    };
    files.write(".docker/config.json", entry("home"));
    files.write("docker/config.json", entry("docker"));
    files.write("auth.json", entry("file"));
    files.write("run/containers/auth.json", entry("run"));
    CredentialEnvironment environment = files.home();
    environment.xdg_runtime_dir = files.path("run");
    CHECK(found(environment, "r.example") == "home/p/");
    environment.docker_config = files.path("docker");
    CHECK(found(environment, "r.example") == "docker/p/");
    environment.registry_auth_file = files.path("auth.json");
    CHECK(found(environment, "r.example") == "file/p/");
    environment = {};
    environment.xdg_runtime_dir = files.path("run");
    CHECK(found(environment, "r.example") == "run/p/");
}

TEST_CASE("a file that is no JSON is an error that names it") {
    Files files;
    files.write(".docker/config.json", "{\"auths\":");
    CHECK(found(files.home(), "r.example") ==
          "error: " + files.path(".docker/config.json") + " is not a JSON object");
}

TEST_CASE("helpers: the registry's own, then entries, then the store") {
    Files files;
    files.write(".docker/config.json", R"({"credsStore":"store",
        "credHelpers":{"h.example":"special"},
        "auths":{"h.example":{"username":"plain","password":"p"},
                 "r.example":{"username":"plain","password":"p"}, "docker.io":{}}})");
    const auto helper = std::make_shared<FakeHelper>();
    helper->stored["h.example"] = {"helped", "h"};
    helper->stored["https://index.docker.io/v1/"] = {"hub", "h"};
    CHECK(found(files.home(), "h.example", "a", helper) == "helped/h/");
    CHECK(found(files.home(), "r.example", "a", helper) == "plain/p/");
    CHECK(found(files.home(), "docker.io", "library/a", helper) == "hub/h/");
    CHECK(found(files.home(), "other.example", "a", helper) == "none");
    CHECK(helper->asked == std::vector<std::string>{"special h.example",
                                                    "store https://index.docker.io/v1/",
                                                    "store other.example"});
}

TEST_CASE("docker-credential programs are spoken to by their protocol") {
    Files files;
    // Answers for one server, has nothing for the second, fails for all others.
    files.write("bin/docker-credential-test", R"(#!/bin/sh
[ "$1" = get ] || exit 9
read -r server
case "$server" in
r.example) echo '{"ServerURL":"r.example","Username":"ada","Secret":"s3"}' ;;
t.example) echo '{"ServerURL":"t.example","Username":"<token>","Secret":"refresh"}' ;;
none.example) echo 'credentials not found in native keychain'; exit 1 ;;
odd.example) echo '{"Username":7}' ;;
*) echo 'the keychain is locked'; exit 3 ;;
esac
)",
                0755);
    const auto helper = make_credential_helper("/nonexistent:" + files.path("bin"));
    CHECK(helper->get("test", "r.example").value() == Credentials{"ada", "s3"});
    CHECK(helper->get("test", "t.example").value() == Credentials{"", "", "refresh"});
    CHECK_FALSE(helper->get("test", "none.example").value());
    const auto failed = helper->get("test", "locked.example");
    REQUIRE_FALSE(failed);
    CHECK(failed.error().message ==
          "credential helper docker-credential-test: exit code 3: the keychain is locked");
    CHECK_FALSE(helper->get("test", "odd.example"));
    const auto missing = helper->get("missing", "r.example");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().message ==
          "the credential helper docker-credential-missing is not in $PATH");
    CHECK(helper->get("../bin/docker-credential-test", "r.example").error().code ==
          ErrorCode::invalid);
}

TEST_CASE("the environment is taken from a look-up") {
    const auto environment =
        CredentialEnvironment::from([](const char* name) -> std::optional<std::string> {
            const std::string text = name;
            if (text == "HOME") return "/h";
            if (text == "DOCKER_CONFIG") return "/d";
            if (text == "PATH") return "/p";
            return std::nullopt;
        });
    CHECK(environment.home == "/h");
    CHECK(environment.docker_config == "/d");
    CHECK(environment.path == "/p");
    CHECK(environment.registry_auth_file.empty());
    CHECK(environment.xdg_runtime_dir.empty());
}
