#include "lint/rules/common.hpp"
#include "lint/rules/table.hpp"
#include "parser/ports.hpp"
#include "parser/text.hpp"

#include <fmt/format.h>

namespace mybuild::lint::rules {
namespace {

/// `80/tcp` of `127.0.0.1:80:80/TCP`.
std::string container_part(std::string_view word) {
    const auto colon = word.rfind(':');
    return text::lower(colon == word.npos ? word : word.substr(colon + 1));
}

template <class F>
void each_port(const Subject& subject, F f) {
    each_step(subject, [&](std::size_t, const plan::Step& step) {
        if (body_of<Expose>(step) == nullptr) return;
        for (const Word& word : step.words)
            if (const auto ports = parse_ports(word.text)) f(step, word, *ports);
    });
}

void check_protocol(const Subject& subject, Report& report) {
    each_port(subject, [&](const plan::Step& step, const Word& word, const PortRange& ports) {
        if (!ports.upper_case_protocol) return;
        report.add(
            *step.instruction,
            {.message = fmt::format(
                 "Defined protocol '{}' in EXPOSE instruction should be lowercase", word.text),
             .mark = word.span,
             .fix = with_replaced(subject, *step.instruction, word.span, text::lower(word.text))});
    });
}

void check_format(const Subject& subject, Report& report) {
    each_port(subject, [&](const plan::Step& step, const Word& word, const PortRange& ports) {
        if (!ports.has_host_part) return;
        report.add(*step.instruction,
                   {.message = fmt::format("EXPOSE instruction should not define an IP address or "
                                           "host-port mapping, found '{}'",
                                           word.text),
                    .mark = word.span,
                    .fix = with_replaced(subject, *step.instruction, word.span,
                                         container_part(word.text))});
    });
}

} // namespace

const Rule expose_proto_casing{
    .name = "ExposeProtoCasing",
    .summary = "Protocol in EXPOSE instruction should be lowercase",
    .url = "https://docs.docker.com/go/dockerfile/rule/expose-proto-casing/",
    .origin = Origin::buildkit,
    .on = Default::everywhere,
    .run = check_protocol,
    .page = {.why = "Images hold protocols in lower case.",
             .bad = "FROM alpine:3.20\nEXPOSE 80/TCP\n",
             .good = "FROM alpine:3.20\nEXPOSE 80/tcp\n",
             .more = ""}};

const Rule expose_invalid_format{
    .name = "ExposeInvalidFormat",
    .summary =
        "IP address and host-port mapping should not be used in EXPOSE instruction. This will "
        "become an error in a future release",
    .url = "https://docs.docker.com/go/dockerfile/rule/expose-invalid-format/",
    .origin = Origin::buildkit,
    .on = Default::everywhere,
    .run = check_format,
    .page = {.why =
                 "EXPOSE says which ports the program in the container listens on. Where they are "
                 "published is chosen when\na container is started (`-p 8080:80`); a host part "
                 "here has no effect.",
             .bad = "FROM alpine:3.20\nEXPOSE 127.0.0.1:80:80\n",
             .good = "FROM alpine:3.20\nEXPOSE 80\n",
             .more = ""}};

} // namespace mybuild::lint::rules
