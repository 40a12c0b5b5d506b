#include "tests/unit/plan/planned.hpp"

#include <doctest/doctest.h>

namespace mybuild::plan::test {

TEST_CASE("EXPOSE") {
    struct Case {
        std::string_view lines;
        Words ports;
        std::string_view history;
    };
    const Case cases[] = {
        {"EXPOSE 80", {"80/tcp"}, "EXPOSE [80/tcp]"},
        {"EXPOSE +80", {"80/tcp"}, "EXPOSE [80/tcp]"},
        {"EXPOSE 53/udp 53/TCP", {"53/tcp", "53/udp"}, "EXPOSE [53/tcp 53/udp]"},
        {"EXPOSE 8000-8002",
         {"8000/tcp", "8001/tcp", "8002/tcp"},
         "EXPOSE [8000/tcp 8001/tcp 8002/tcp]"},
        // Sorted as texts, before they are expanded; the config's keys as texts too.
        {"EXPOSE 80 443", {"443/tcp", "80/tcp"}, "EXPOSE [443/tcp 80/tcp]"},
        {"ENV p=1\nEXPOSE 2 $p", {"1/tcp", "2/tcp"}, "EXPOSE [1/tcp 2/tcp]"},
        {"ENV p=9\nEXPOSE 2 $p", {"2/tcp", "9/tcp"}, "EXPOSE [9/tcp 2/tcp]"},
        {"EXPOSE 80 80/tcp", {"80/tcp"}, "EXPOSE [80/tcp 80/tcp]"},
        {"EXPOSE 80\nEXPOSE 22", {"22/tcp", "80/tcp"}, "EXPOSE [22/tcp]"},
        // One word may become several, or none.
        {"ENV p=\"1 2/udp\"\nEXPOSE $p", {"1/tcp", "2/udp"}, "EXPOSE [1/tcp 2/udp]"},
        {"EXPOSE 1 $nothing", {"1/tcp"}, "EXPOSE [1/tcp]"},
        {"EXPOSE $nothing", {}, "EXPOSE []"},
        {"EXPOSE 80${u:-80}", {"8080/tcp"}, "EXPOSE [8080/tcp]"},
        {"EXPOSE 127.0.0.1:80:81", {"81/tcp"}, "EXPOSE [81/tcp]"},
    };
    for (const auto& [lines, ports, text] : cases) {
        CAPTURE(lines);
        const auto planned = plan_text("FROM a\n" + std::string(lines) + "\n");
        CHECK(planned.config().exposed_ports == ports);
        CHECK(planned.last().created_by == text);
    }
}

TEST_CASE("EXPOSE adds to what the base exposes") {
    oci::ImageConfig base;
    base.exposed_ports = {"22/tcp", "80/tcp"};
    const auto planned =
        plan_text("FROM base\nEXPOSE 80 443\n", {.images = {{"base:latest", base}}});
    CHECK(planned.config().exposed_ports == Words{"22/tcp", "443/tcp", "80/tcp"});
}

TEST_CASE("a host part is dropped") {
    const auto planned = plan_text("FROM a\nEXPOSE 80 8080:443\n");
    CHECK(planned.config().exposed_ports == Words{"443/tcp", "80/tcp"});
}

TEST_CASE("ports that cannot be, at the word") {
    CHECK(failure("FROM a\nEXPOSE 80 http\n") == "2:11-14 invalid containerPort: http");
    CHECK(failure("FROM a\nEXPOSE 80 70000\n") == "2:11-15 invalid containerPort: 70000");
    CHECK(failure("FROM a\nEXPOSE 90-80\n") == "2:8-12 invalid containerPort: 90-80");
    CHECK(failure("FROM a\nEXPOSE 80/nope\n") ==
          "2:8-14 invalid port: \"80/nope\": invalid proto: nope");
    CHECK(failure("FROM a\nEXPOSE 80/nope\nFROM b\n") == "planned");
}

} // namespace mybuild::plan::test
