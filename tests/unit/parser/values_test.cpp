#include "parser/chmod.hpp"
#include "parser/csv.hpp"
#include "parser/duration.hpp"
#include "parser/ports.hpp"
#include "parser/suggest.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

using namespace mybuild;
using namespace std::chrono_literals;

TEST_CASE("durations as Go reads and writes them") {
    struct Row {
        const char* text;
        std::chrono::nanoseconds value;
        const char* written;
    };
    const Row table[] = {
        {"0", 0ns, "0s"},
        {"5s", 5s, "5s"},
        {"300ms", 300ms, "300ms"},
        {"1h2m3.5s", 1h + 2min + 3500ms, "1h2m3.5s"},
        {"5m", 5min, "5m0s"},
        {"-1.5h", -90min, "-1h30m0s"},
        {"+5s", 5s, "5s"},
        {".5s", 500ms, "500ms"},
        {"1.s", 1s, "1s"},
        {"1.5us", 1500ns, "1.5\xC2\xB5s"},
        {"2\xC2\xB5s", 2us, "2\xC2\xB5s"},
        {"2\xCE\xBCs", 2us, "2\xC2\xB5s"},
        {"17ns", 17ns, "17ns"},
        {"100s", 100s, "1m40s"},
        {"9223372036854775807ns", std::chrono::nanoseconds(9223372036854775807),
         "2562047h47m16.854775807s"},
    };
    for (const auto& row : table) {
        CAPTURE(row.text);
        const auto value = parse_duration(row.text);
        REQUIRE(value.has_value());
        CHECK(*value == row.value);
        CHECK(format_duration(row.value) == row.written);
    }
}

TEST_CASE("what is no duration says why") {
    const auto error = [](const char* text) { return parse_duration(text).error().message; };
    CHECK(error("") == "time: invalid duration \"\"");
    CHECK(error("3") == "time: missing unit in duration \"3\"");
    CHECK(error("3x") == "time: unknown unit \"x\" in duration \"3x\"");
    CHECK(error(".s") == "time: invalid duration \".s\"");
    CHECK(error("1..5s") == "time: invalid duration \"1..5s\"");
    CHECK(error("s") == "time: invalid duration \"s\"");
    CHECK(error("-") == "time: invalid duration \"-\"");
    CHECK(error("9223372036854775808ns") == "time: invalid duration \"9223372036854775808ns\"");
    CHECK(error("9999999h") == "time: invalid duration \"9999999h\"");
    CHECK(error("1s 2s") == "time: unknown unit \"s \" in duration \"1s 2s\"");
}

TEST_CASE("ports: ranges and protocols") {
    const auto keys = [](const char* word) {
        std::string joined;
        const auto ports = parse_ports(word);
        for (const auto& key : ports->keys())
            joined += key + " ";
        return joined;
    };
    CHECK(keys("80") == "80/tcp ");
    CHECK(keys("80/udp") == "80/udp ");
    CHECK(keys("80/SCTP") == "80/sctp ");
    CHECK(keys("80/") == "80/tcp ");
    CHECK(keys("8000-8002") == "8000/tcp 8001/tcp 8002/tcp ");
    CHECK(keys("0") == "0/tcp ");
    CHECK(keys("65535") == "65535/tcp ");
    CHECK(keys("127.0.0.1:8080:80") == "80/tcp ");
    CHECK(keys("[::1]:8080:80/tcp") == "80/tcp ");
    CHECK(keys("8000-8010:80") == "80/tcp ");
    CHECK(parse_ports("80/TCP")->upper_case_protocol);
    CHECK_FALSE(parse_ports("80/tcp")->upper_case_protocol);
    CHECK(parse_ports("8080:80")->has_host_part);
    CHECK_FALSE(parse_ports("80")->has_host_part);
}

TEST_CASE("ports that are none, with Docker's texts") {
    struct Row {
        const char* word;
        const char* message;
    };
    const Row table[] = {
        {"x", "invalid containerPort: x"},
        {"90-80", "invalid containerPort: 90-80"},
        {"65536", "invalid containerPort: 65536"},
        {"99999999999999999999", "invalid containerPort: 99999999999999999999"},
        {"-1", "invalid containerPort: -1"},
        {"80-", "invalid containerPort: 80-"},
        {"", "invalid port: \"\": no port specified"},
        {"/tcp", "invalid port: \"/tcp\": no port specified"},
        {"80/xyz", "invalid port: \"80/xyz\": invalid proto: xyz"},
        {"x:80", "invalid hostPort: x"},
        {"1.2.3:8080:80", "invalid IP address: 1.2.3"},
        {"1-3:80-81", "invalid ranges specified for container and host Ports: 80-81 and 1-3"},
        {"#", "invalid containerPort: #"},
    };
    for (const auto& row : table) {
        CAPTURE(row.word);
        const auto result = parse_ports(row.word);
        REQUIRE_FALSE(result.has_value());
        CHECK(result.error().message == row.message);
    }
}

TEST_CASE("modes: octal and symbolic, as chmod with umask 0") {
    struct Row {
        const char* text;
        std::uint32_t mode;
        bool directory;
        std::uint32_t expected;
    };
    const Row table[] = {
        {"755", 0600, false, 0755},
        {"0", 0777, false, 0},
        {"07777", 0, true, 07777},
        {"u=rwX,go=rX", 0600, false, 0644},
        {"u=rwX,go=rX", 0700, false, 0755},
        {"u=rwX,go=rX", 0600, true, 0755},
        {"+x", 0644, false, 0755},
        {"a+x", 0600, false, 0711},
        {"-w", 0666, false, 0444},
        {"g=u", 0740, false, 0770},
        {"go=u-w", 0700, false, 0755},
        {"u+s", 0755, false, 04755},
        {"g+s", 0755, false, 02755},
        {"+t", 0777, true, 01777},
        {"o+s", 0755, false, 0755},
        {"=r", 0777, false, 0444},
        {"=", 0777, false, 0},
        {"u=rw,g=r,o=", 0777, false, 0640},
        {"u=", 04755, false, 0055},
        {"a-X", 0755, false, 0644},
        {"ug+rw-x", 0711, false, 0661},
        {"o=g", 0754, false, 0755},
        {"u=rws", 0, false, 04600},
        {"a=rt", 0, true, 01444},
        {"g=u", 02750, true, 02770},
        {"g=rx", 02750, true, 0750},
        {"u=go", 0751, false, 0151},
        {"u=gr", 0751, false, 0451},
        {"u=rg", 0751, false, 0551},
        {"u+go", 0051, false, 0551},
        {"u=gX", 0641, false, 0541},
        {"u=X", 0641, false, 0141},
        {"-", 0641, false, 0641},
    };
    for (const auto& row : table) {
        CAPTURE(row.text);
        CAPTURE(row.mode);
        const auto chmod = Chmod::parse(row.text);
        REQUIRE(chmod.has_value());
        CHECK(chmod->apply(row.mode, row.directory) == row.expected);
    }
    CHECK(Chmod::parse("755")->is_octal());
    CHECK_FALSE(Chmod::parse("+x")->is_octal());
}

TEST_CASE("modes that are none") {
    for (const char* text : {"", "8", "10000", "789", "x", "u", "u=z", "u=r,", "+x,", "755x",
                             " 755", "-755", "77777777777777"}) {
        CAPTURE(text);
        const auto chmod = Chmod::parse(text);
        REQUIRE_FALSE(chmod.has_value());
        CHECK(chmod.error().message == "invalid chmod parameter: '" + std::string(text) +
                                           "'. it should be octal string and between 0 and 07777");
    }
}

TEST_CASE("comma-separated fields, quoted where they have commas") {
    const auto joined = [](const char* text) {
        std::string out;
        const auto fields = parse_csv(text);
        for (const auto& field : *fields)
            out += "[" + field + "]";
        return out;
    };
    CHECK(joined("") == "");
    CHECK(joined("a,b=c") == "[a][b=c]");
    CHECK(joined("\"a,b\",c") == "[a,b][c]");
    CHECK(joined("\"say \"\"hi\"\"\"") == "[say \"hi\"]");
    CHECK(joined("a,,b,") == "[a][][b][]");
    CHECK(joined("\"\"") == "[]");
    for (const char* broken : {"\"a", "a\"b", "\"a\"b", "a,\"b", "\""}) {
        CAPTURE(broken);
        CHECK(parse_csv(broken).error().code == ErrorCode::syntax);
    }
    const auto options = parse_csv_options("type=oci,push,\"dest=a,b\",x=").value();
    REQUIRE(options.size() == 4);
    CHECK(options[0].key == "type");
    CHECK(options[0].value == "oci");
    CHECK_FALSE(options[1].value.has_value());
    CHECK(options[2].value == "a,b");
    CHECK(options[3].value == "");
}

TEST_CASE("Go's booleans") {
    CHECK(parse_bool("1") == true);
    CHECK(parse_bool("True") == true);
    CHECK(parse_bool("f") == false);
    CHECK_FALSE(parse_bool("yes").has_value());
    CHECK_FALSE(parse_bool("tRUE").has_value());
}

TEST_CASE("suggestions: near words only, and never for hopeless ones") {
    using namespace std::string_view_literals;
    constexpr std::array names{"COPY"sv, "CMD"sv, "FROM"sv, "RUN"sv, "HEALTHCHECK"sv};
    CHECK(did_you_mean("COYP", names) == "did you mean COPY?");
    CHECK(did_you_mean("copi", names) == "did you mean COPY?");
    CHECK(did_you_mean("FORM", names) == "did you mean FROM?");
    CHECK(did_you_mean("RUNN", names) == "did you mean RUN?");
    CHECK(did_you_mean("HELTHCHEK", names) == "did you mean HEALTHCHECK?");
    CHECK(did_you_mean("XYZ", names) == "");
    CHECK(did_you_mean("", names) == "");
    CHECK(did_you_mean(std::string(1'000'000, 'a'), names) == "");
    CHECK(edit_distance("abcd", "acbd") == 1);
    CHECK(edit_distance("", "abc") == 3);
    CHECK(edit_distance("kitten", "sitting") == 3);
}
