#include "parser/parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

// Times the parsing of a Dockerfile of 10,000 lines: `bench-parse [ROUNDS]` prints lines, bytes,
// instructions, and the shortest and the median time of all rounds in milliseconds of processor
// time (other work on the machine does not count).

using namespace mybuild;

namespace {

constexpr std::size_t wanted_lines = 10'000;

/// One stage as people write it; every kind of line in it.
std::string stage(std::size_t number) {
    return fmt::format(R"(# The part number {0}: what it is for, in a sentence or two
# that go on for a second line.
FROM --platform=$BUILDPLATFORM registry.example.com/team/base-{0}:1.2.3 AS part-{0}
ARG VERSION=1.{0} \
    CHANNEL="stable release"
ENV APP_HOME=/srv/app-{0} \
    PATH=/srv/app-{0}/bin:$PATH LANG=C.UTF-8 \
    # with a comment inside
    GREETING="hello, ${{USER:-somebody}}"
LABEL org.opencontainers.image.title="part {0}" \
      org.opencontainers.image.version="${{VERSION}}"
WORKDIR $APP_HOME

RUN --mount=type=cache,id=apt-{0},target=/var/cache/apt,sharing=locked \
    --mount=type=bind,source=packages,target=/tmp/packages \
    apt-get update && \
    apt-get install -y --no-install-recommends \
        build-essential \
        ca-certificates \
        curl \
        git \
    && rm -rf /var/lib/apt/lists/*
COPY --chown=app:app --chmod=0644 go.mod go.sum ./
COPY --from=0 --link /usr/local/bin/tool-{0} /usr/local/bin/
ADD --checksum=sha256:0123456789012345678901234567890123456789012345678901234567890123 \
    https://example.com/download/{0}/file.tar.gz /tmp/
RUN go mod download && go build -ldflags "-s -w -X main.version=${{VERSION}}" -o /out/app ./cmd/app
RUN <<EOF
set -eu
for file in /out/*; do
    strip "$file" || true
    echo "$file" >> /out/list-{0}
done
EOF
COPY <<-"SETTINGS" /etc/app/settings.ini
	[main]
	workers = 4
	name = part {0}
	SETTINGS
COPY ["a file.txt", "another file.txt", "/srv/app-{0}/"]
VOLUME ["/srv/app-{0}/data"]
EXPOSE 80{0} 443/tcp 53/udp
USER app:app
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=3s --retries=3 CMD curl -f http://localhost/health || exit 1
ONBUILD COPY . /srv/app-{0}
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
ENTRYPOINT ["/out/app", "--serve"]
CMD ["--port", "80{0}", "--verbose"]

)",
                       number);
}

std::string big_dockerfile() {
    std::string text;
    std::size_t lines = 0;
    for (std::size_t number = 0; lines < wanted_lines; ++number) {
        const auto next = stage(number);
        lines += static_cast<std::size_t>(std::count(next.begin(), next.end(), '\n'));
        text += next;
    }
    return text;
}

double processor_ms() {
    std::timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

} // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 21;
    const auto text = big_dockerfile();
    std::vector<double> times;
    std::size_t instructions = 0;
    for (int round = 0; round < std::max(rounds, 1); ++round) {
        const auto begin = processor_ms();
        const auto outcome = parse_dockerfile(std::make_shared<const Source>("Dockerfile", text));
        times.push_back(processor_ms() - begin);
        if (!outcome.errors.empty()) {
            fmt::print(stderr, "the sample is not a Dockerfile: {}\n", outcome.errors[0].message);
            return 1;
        }
        instructions = 0;
        for (const auto& one : outcome.file.stages)
            instructions += 1 + one.instructions.size();
    }
    std::sort(times.begin(), times.end());
    fmt::print("lines {}\nbytes {}\ninstructions {}\nshortest-ms {:.1f}\nmedian-ms {:.1f}\n",
               std::count(text.begin(), text.end(), '\n'), text.size(), instructions, times.front(),
               times[times.size() / 2]);
    return 0;
}
