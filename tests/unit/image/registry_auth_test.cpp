#include "image/registry/auth.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace mybuild;
using namespace mybuild::registry;

TEST_CASE("challenges are read as registries write them") {
    struct Case {
        const char* header;
        std::vector<Challenge> challenges;
    };
    const std::array cases = {
        Case{R"(Bearer realm="https://auth.docker.io/token",service="registry.docker.io",)"
             R"(scope="repository:library/alpine:pull,push")",
             {{"bearer",
               {{"realm", "https://auth.docker.io/token"},
                {"service", "registry.docker.io"},
                {"scope", "repository:library/alpine:pull,push"}}}}},
        Case{"Basic realm=\"a \\\"b\\\"\"", {{"basic", {{"realm", "a \"b\""}}}}},
        Case{"BASIC Realm=x", {{"basic", {{"realm", "x"}}}}},
        Case{R"(Basic realm="x", Bearer realm = "y" , service=z)",
             {{"basic", {{"realm", "x"}}}, {"bearer", {{"realm", "y"}, {"service", "z"}}}}},
        Case{"Negotiate, Basic realm=x", {{"negotiate", {}}, {"basic", {{"realm", "x"}}}}},
        Case{"", {}},
        Case{",,\"stray\" =x", {}},
        Case{"Bearer realm=\"unfinished", {{"bearer", {{"realm", "unfinished"}}}}},
    };
    for (const Case& c : cases) {
        CAPTURE(c.header);
        CHECK(parse_challenges(c.header) == c.challenges);
    }
}

TEST_CASE("Bearer is answered before Basic, unknown schemes not at all") {
    const auto scheme = [](std::vector<HttpHeader> headers) {
        const auto challenge = choose_challenge({401, std::move(headers)});
        return challenge ? challenge->scheme : std::string("none");
    };
    CHECK(scheme({{"Www-Authenticate", "Basic realm=x"}, {"WWW-Authenticate", "Bearer realm=y"}}) ==
          "bearer");
    CHECK(scheme({{"www-authenticate", "Digest realm=x, Basic realm=x"}}) == "basic");
    CHECK(scheme({{"WWW-Authenticate", "Negotiate"}}) == "none");
    CHECK(scheme({}) == "none");
}

TEST_CASE("tokens are read from either member and never break a header") {
    struct Case {
        const char* json;
        const char* token; ///< empty: refused
        int lifetime;
    };
    for (const Case& c : std::array{
             Case{R"({"token":"abc"})", "abc", 60},
             Case{R"({"access_token":"abc","expires_in":300})", "abc", 300},
             Case{R"({"token":"a","access_token":"b","expires_in":1})", "a", 60},
             Case{R"({"token":"","access_token":"b"})", "b", 60},
             Case{R"({"token":"a","expires_in":1e300})", "a", 86400},
             Case{R"({"token":"a","expires_in":"soon"})", "a", 60},
             Case{R"({"token":"a\r\nX: y"})", "", 0},
             Case{R"({"token":"a b"})", "", 0},
             Case{R"({"token":7})", "", 0},
             Case{R"({})", "", 0},
             Case{R"([])", "", 0},
             Case{"<html>", "", 0},
         }) {
        CAPTURE(c.json);
        const auto token = parse_token(c.json);
        if (*c.token == '\0') {
            REQUIRE_FALSE(token);
            CHECK(token.error().code == ErrorCode::corrupt);
        } else {
            REQUIRE(token);
            CHECK(token->value == c.token);
            CHECK(token->lifetime.count() == c.lifetime);
        }
    }
}

TEST_CASE("a token is asked for anonymously, by password or by identity token") {
    const Challenge hub{
        "bearer", {{"realm", "https://auth.docker.io/token"}, {"service", "registry.docker.io"}}};
    constexpr const char* scope = "repository:library/alpine:pull";

    const auto anonymous = make_token_request(hub, scope, std::nullopt);
    REQUIRE(anonymous);
    CHECK(anonymous->request.method == "GET");
    CHECK(anonymous->request.url == "https://auth.docker.io/token?service=registry.docker.io"
                                    "&scope=repository%3Alibrary%2Falpine%3Apull");
    CHECK(anonymous->request.headers.empty());

    const auto password = make_token_request(hub, scope, Credentials{"ada", "s3:cret"});
    REQUIRE(password);
    CHECK(password->request.url == anonymous->request.url + "&account=ada");
    REQUIRE(password->request.headers.size() == 1);
    CHECK(password->request.headers[0].name == "Authorization");
    CHECK(password->request.headers[0].value == "Basic YWRhOnMzOmNyZXQ=");

    const auto identity = make_token_request(hub, scope, Credentials{"", "", "re&fresh"});
    REQUIRE(identity);
    CHECK(identity->request.method == "POST");
    CHECK(identity->request.url == "https://auth.docker.io/token");
    CHECK(identity->form == "grant_type=refresh_token&service=registry.docker.io"
                            "&scope=repository%3Alibrary%2Falpine%3Apull&client_id=mybuild"
                            "&refresh_token=re%26fresh");
}

TEST_CASE("the scopes a challenge names are asked for, one by one") {
    const Challenge challenge{"bearer",
                              {{"realm", "https://a/t?x=1"}, {"scope", "repository:a:pull b:c:d"}}};
    const auto request = make_token_request(challenge, "unused", std::nullopt);
    REQUIRE(request);
    CHECK(request->request.url ==
          "https://a/t?x=1&service=&scope=repository%3Aa%3Apull&scope=b%3Ac%3Ad");
    CHECK_FALSE(make_token_request({"bearer", {{"realm", "file:///etc"}}}, "", std::nullopt));
    CHECK_FALSE(make_token_request({"bearer", {}}, "", std::nullopt));
}

TEST_CASE("base64 there and back") {
    for (const auto& [plain, encoded] :
         std::array{std::pair{"", ""}, std::pair{"f", "Zg=="}, std::pair{"fo", "Zm8="},
                    std::pair{"foo", "Zm9v"}, std::pair{"\xff\xfe", "//4="}}) {
        CHECK(base64_encode(plain) == encoded);
        CHECK(base64_decode(encoded) == std::string(plain));
    }
    CHECK(base64_decode("Zg") == "f");
    for (const char* text : {"Z", "Zg=a", "Zm 9v", "Zm9v\n", "===="}) {
        CAPTURE(text);
        CHECK_FALSE(base64_decode(text));
    }
}
