#include "image/http/backoff.hpp"
#include "image/registry/reply.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace mybuild;
using namespace mybuild::registry;

TEST_CASE("the errors of a registry are read, whatever stands around them") {
    CHECK(parse_errors(R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown",)"
                       R"("detail":{"Tag":"x"}},{"code":"DENIED"},7]})") ==
          std::vector<RegistryError>{{"MANIFEST_UNKNOWN", "manifest unknown"}, {"DENIED", ""}});
    for (const char* body :
         {"", "<html>no</html>", "[]", "{}", R"({"errors":7})", R"({"errors":{}})"}) {
        CAPTURE(body);
        CHECK(parse_errors(body).empty());
    }
    const auto hostile =
        parse_errors("{\"errors\":[{\"code\":\"X\",\"message\":\"a\\u001b[2Jb\\nc\"}]}");
    REQUIRE(hostile.size() == 1);
    CHECK(hostile[0].message.find('\x1b') == std::string::npos);
    CHECK(hostile[0].message.find('\n') == std::string::npos);
}

TEST_CASE("a refusal says what was refused, who said so and what to do") {
    struct Case {
        int status;
        ErrorCode code;
        const char* message;
        const char* hint;
    };
    for (const Case& c : std::array{
             Case{404, ErrorCode::not_found, "pull access denied or not found: ada/x:1",
                  "spelling"},
             Case{401, ErrorCode::denied, "pull access denied or not found: ada/x:1",
                  "`docker login`"},
             Case{403, ErrorCode::denied, "pull access denied or not found: ada/x:1",
                  "`docker login`"},
             Case{429, ErrorCode::network, "cannot pull ada/x:1: r:443 limits the number of pulls",
                  "log in"},
             Case{503, ErrorCode::network, "cannot pull ada/x:1: r:443 is in trouble", "later"},
             Case{200, ErrorCode::unsupported,
                  "cannot pull ada/x:1: r:443 does not answer as a registry does", "listens"},
         }) {
        CAPTURE(c.status);
        const HttpResponse response{
            c.status, {}, R"({"errors":[{"code":"C","message":"because"}]})"};
        const Error error = response_error(response, "ada/x:1", "docker.io", "r:443");
        CHECK(error.code == c.code);
        CHECK(error.message == c.message);
        CHECK(error.hint.find(c.hint) != std::string::npos);
        REQUIRE(error.notes.size() == 1);
        CHECK(error.notes[0].find("r:443 says: because") == 0);
    }
    CHECK(response_error({404, {}, {}}, "h:1/x", "h:1", "h:1").hint.find("`docker login h:1`") !=
          std::string::npos);
}

TEST_CASE("Retry-After is seconds or a date") {
    const auto now = std::chrono::system_clock::from_time_t(784111777); // Sun, 06 Nov 1994 08:49:37
    const auto asked = [&](const char* value) {
        const auto seconds = retry_after({429, {{"retry-after", value}}}, now);
        return seconds ? seconds->count() : -1;
    };
    CHECK(asked("7") == 7);
    CHECK(asked("0") == 0);
    CHECK(asked("Sun, 06 Nov 1994 08:50:37 GMT") == 60);
    CHECK(asked("Sun, 06 Nov 1994 08:40:37 GMT") == 0);
    CHECK(asked("") == -1);
    CHECK(asked("soon") == -1);
    CHECK(asked("-3") == -1);
    CHECK(asked("99999999999999999999") == -1);
    CHECK(asked("9999999999") == 365L * 24 * 3600);
}

TEST_CASE("Content-Range is read or refused") {
    CHECK(parse_content_range("bytes 5-9/10") == ContentRange{5, 10});
    CHECK(parse_content_range("bytes 0-0/*") == ContentRange{0, std::nullopt});
    for (const char* header :
         {"", "bytes", "bytes */10", "bytes 5-4/10", "bytes 5-10/10", "bytes -9/10", "bytes 5-/10",
          "lines 5-9/10", "bytes 5-9", "bytes 5/9-10", "bytes 0x5-9/10",
          "bytes 99999999999999999999-9/10"}) {
        CAPTURE(header);
        CHECK_FALSE(parse_content_range(header));
    }
}

TEST_CASE("the kind of a manifest is found, and no document has two") {
    namespace mt = oci::media_type;
    struct Case {
        const char* json;
        const char* content_type;
        std::string_view type; ///< empty: refused
        ErrorCode code = ErrorCode::internal;
    };
    for (const Case& c : std::array{
             Case{R"({"config":{},"layers":[]})",
                  "application/vnd.docker.distribution.manifest.v2+json; charset=utf-8",
                  mt::docker_manifest},
             Case{R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{}})",
                  "text/plain", mt::manifest},
             Case{R"({"config":{},"layers":[]})", "text/plain", mt::manifest},
             Case{R"({"manifests":[]})", "", mt::index},
             Case{R"({"manifests":[]})",
                  "application/vnd.docker.distribution.manifest.list.v2+json",
                  mt::docker_manifest_list},
             Case{R"({"manifests":[],"layers":[]})", "", "", ErrorCode::corrupt},
             Case{R"({"manifests":[]})", "application/vnd.oci.image.manifest.v1+json", "",
                  ErrorCode::corrupt},
             Case{R"({"config":{}})", "application/vnd.oci.image.index.v1+json", "",
                  ErrorCode::corrupt},
             Case{R"({"schemaVersion":1,"fsLayers":[]})", "", "", ErrorCode::unsupported},
             Case{R"({})", "application/vnd.docker.distribution.manifest.v1+prettyjws", "",
                  ErrorCode::unsupported},
             Case{R"({"mediaType":"text/x","config":{}})", "", "", ErrorCode::unsupported},
             Case{"<html>", "text/html", "", ErrorCode::corrupt},
             Case{"", "", "", ErrorCode::corrupt},
         }) {
        CAPTURE(c.json);
        CAPTURE(c.content_type);
        const auto type = manifest_media_type(c.json, c.content_type);
        if (c.type.empty()) {
            REQUIRE_FALSE(type);
            CHECK(type.error().code == c.code);
        } else {
            REQUIRE(type);
            CHECK(*type == c.type);
        }
    }
}
