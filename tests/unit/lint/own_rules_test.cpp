#include "checked.hpp"

#include <doctest/doctest.h>

// The rules that BuildKit has not: docs/checks.md.

namespace mybuild::lint {
namespace {

using Texts = std::vector<std::string>;

/// A Dockerfile and where the rule finds something in it.
struct Case {
    std::string text;
    Texts places = {};
};

void check_cases(const char* rule, const std::vector<Case>& cases, const Asked& asked = {}) {
    for (const auto& [text, places] : cases) {
        CAPTURE(text);
        CHECK(checked(text, asked)->places(rule) == places);
    }
}

} // namespace

TEST_CASE("UnpinnedBaseImage") {
    check_cases(
        "UnpinnedBaseImage",
        {{"FROM alpine\n", {"1:6 alpine"}},
         {"FROM alpine:latest AS a\n", {"1:6 alpine:latest"}},
         {"ARG T=latest\nFROM alpine:$T\n", {"2:6 alpine:$T"}},
         {"FROM scratch\nCOPY --from=nginx /a /\n", {"2:13 nginx"}},
         {"FROM x:1\nRUN --mount=from=nginx,target=/a true\n", {"2:13 from=nginx,target=/a"}},
         {"FROM x:1\nRUN --mount=from=nginx:1,target=/a true\n"},
         {"FROM alpine:3.20\nFROM scratch\nFROM alpine:3 AS b\nFROM b\n"},
         {"FROM alpine@sha256:"
          "0123456789012345678901234567890123456789012345678901234567890123\n"},
         {"FROM scratch AS a\nFROM scratch\nCOPY --from=a /a /\nCOPY --from=0 /a /b\n"}});
    check_cases("UnpinnedBaseImage", {{"ARG T=latest\nFROM alpine:$T\n"}},
                {.build_args = {{"T", "3.20"}}});
}

TEST_CASE("AptListsLeft") {
    const std::string from = "FROM debian:12\n";
    check_cases(
        "AptListsLeft",
        {{from + "RUN apt-get update && apt-get install -y x\n", {"2:5 apt-get"}},
         {from + "RUN apt -y update; apt install -y x\n", {"2:5 apt"}},
         {from + "RUN set -e; \\\n  apt-get update\n", {"3:3 apt-get"}},
         {from + "RUN <<EOF\napt-get update\nEOF\n", {"3:1 apt-get"}},
         {from + "RUN [\"sh\", \"-c\", \"apt-get update\"]\n", {"2:19 apt-get"}},
         {from + "RUN apt-get update && rm -rf /tmp/*\n", {"2:5 apt-get"}},
         {from + "RUN apt-get update && rm -rf /var/lib/apt/lists/*\n"},
         {from + "RUN apt-get update && rm -rf /var/lib/apt/lists\n"},
         {from + "RUN apt-get update && rm -r /var/lib/apt/ /tmp/x\n"},
         {from + "RUN --mount=type=cache,target=/var/lib/apt apt-get update\n"},
         {from + "RUN --mount=type=tmpfs,target=/var/lib/apt/lists apt-get update\n"},
         {from + "RUN --mount=type=cache,target=/var/cache/apt apt-get update\n", {"2:46 apt-get"}},
         {from + "RUN echo 'apt-get update'\n"},
         {from + "RUN apt-get update && apt-get install -y x && apt-get dist-clean\n"},
         // What is given to another shell counts too.
         {from + "RUN bash -ec 'apt-get update'\n", {"2:15 apt-get"}},
         {from + "RUN apt-get update && bash -c 'rm -rf /var/lib/apt/lists/*'\n"},
         {from + "RUN bash -e <<EOF\napt-get update\nEOF\n", {"3:1 apt-get"}},
         {from + "RUN bash -e <<EOF\napt-get update\nrm -r /var/lib/apt/lists\nEOF\n"},
         // Braces are for bash.
         {from + "RUN apt-get update && rm -rf /var/lib/{apt,dpkg}/\n", {"2:5 apt-get"}},
         {from + "SHELL [\"/bin/bash\", \"-c\"]\nRUN apt-get update && rm -rf "
                 "/var/{cache,lib/{x,y},lib/apt}/*\n",
          {"3:5 apt-get"}},
         {from +
          "SHELL [\"/bin/bash\", \"-c\"]\nRUN apt-get update && rm -rf /var/{cache,lib/apt}/*\n"},
         {from + "RUN cat <<EOF > x\napt-get update\nEOF\n"},
         // Layers that no image has.
         {"FROM debian:12 AS build\nRUN apt-get update\nFROM scratch\nCOPY --from=build /a /\n"},
         {"FROM debian:12 AS base\nRUN apt-get update\nFROM base\n", {"2:5 apt-get"}}});
}

TEST_CASE("ApkIndexLeft, DnfCacheLeft and PipCacheLeft") {
    const std::string from = "FROM base:1\n";
    check_cases("ApkIndexLeft",
                {{from + "RUN apk add curl\n", {"2:5 apk"}},
                 {from + "RUN apk update\n", {"2:5 apk"}},
                 {from + "RUN apk add --no-cache x && apk add y\n", {"2:5 apk"}},
                 {from + "RUN apk add --no-cache curl\n"},
                 {from + "RUN apk add x && rm -rf /var/cache/apk/*\n"},
                 {from + "RUN --mount=type=cache,target=/var/cache/apk apk add x\n"},
                 {from + "RUN apk del x\n"}});
    check_cases("DnfCacheLeft",
                {{from + "RUN yum install -y x\n", {"2:5 yum"}},
                 {from + "RUN microdnf -y install x\n", {"2:5 microdnf"}},
                 {from + "RUN dnf install -y x && dnf clean all\n"},
                 {from + "RUN yum install -y x && rm -rf /var/cache/yum\n"},
                 {from + "RUN dnf install -y x && yum clean all\n"},
                 {from + "RUN --mount=type=cache,target=/var/cache/libdnf5 dnf install x\n"},
                 {from + "RUN zypper -n in x && zypper cc -a\n"},
                 {from + "RUN --mount=type=cache,target=/var/cache/dnf dnf install x\n"},
                 {from + "RUN zypper install x\n", {"2:5 zypper"}}});
    check_cases("PipCacheLeft",
                {{from + "RUN pip3 install flask\n", {"2:5 pip3"}},
                 {from + "RUN python3 -m pip install flask\n", {"2:16 pip"}},
                 {from + "RUN pip3.12 install flask\n", {"2:5 pip3.12"}},
                 {from + "RUN pip install --no-cache-dir x && pip install y\n", {"2:5 pip"}},
                 {from + "RUN pip install --no-cache flask\n"},
                 {from + "ENV PIP_CACHE_DIR=/c\nRUN --mount=type=cache,target=/c pip install x\n"},
                 {from + "RUN pip install --no-cache-dir flask\n"},
                 {from + "ENV PIP_NO_CACHE_DIR=1\nRUN pip install flask\n"},
                 {from + "RUN PIP_NO_CACHE_DIR=1 pip install flask\n"},
                 {from + "RUN --mount=type=cache,target=/root/.cache/pip pip install x\n"},
                 {from + "RUN pip install x && rm -rf /root/.cache\n"},
                 {from + "RUN pip --version\n"}});
}

TEST_CASE("AptUpdateAlone") {
    const std::string from = "FROM debian:12\n";
    check_cases(
        "AptUpdateAlone",
        {{from + "RUN apt-get update\n", {"2:5 apt-get"}},
         {from + "RUN apt-get update && rm -rf /var/lib/apt/lists/*\n", {"2:5 apt-get"}},
         {from + "RUN apt-get update && apt-get install -y x\n"},
         {from + "RUN apt-get update && apt-get upgrade -y\n"},
         {from + "RUN sed -i s/a/b/ /etc/apt/sources.list && apt-get update\n", {"2:44 apt-get"}},
         // Who knows what these install.
         {from + "RUN apt-get update && /tmp/install\n"},
         {from + "RUN apt-get update && curl -s https://example.com/setup | bash -\n"},
         {from + "RUN apt-get update && npx playwright install --with-deps\n"},
         {from + "RUN --mount=type=cache,target=/var/lib/apt apt-get update\n"},
         {from + "RUN apt-get install -y x\n"}});
}

TEST_CASE("SecretValue") {
    const std::string from = "FROM base:1\n";
    const std::string github = "ghp_" + std::string(36, 'a');
    check_cases(
        "SecretValue",
        {{from + "ENV T=" + github + "\n", {"2:7 " + github}},
         {"ARG T=" + github + "\nFROM base:1\n", {"1:7 " + github}},
         {from + "RUN curl -H 'X: AKIAABCDEFGHIJKLMNOP' x\n", {"2:17 AKIAABCDEFGHIJKLMNOP"}},
         {from + "RUN git clone https://me:hunter2@example.com/x\n", {"2:26 hunter2"}},
         {from + "COPY <<X /k\n-----BEGIN RSA PRIVATE KEY-----\nX\n",
          {"3:1 -----BEGIN RSA PRIVATE KEY"}},
         {from + "RUN git clone https://me:$TOKEN@example.com/x\n"},
         {from + "RUN git clone https://me@example.com:8080/x\n"},
         {from + "ENV DATABASE_URL=postgres://app:app@db:5432/app\n"},
         {from + "RUN DB=mysql://me:Password@db/x npx prisma generate\n"},
         {from + "RUN DB=mysql://me:hunter2@localhost:3306/x make\n"},
         {from + "RUN DB=mysql://u:p@db/x DB2=mysql://me:fakepass@db/x make\n"},
         {from + "RUN curl http://example.com:80/a@b\n"},
         {from + "ENV T=ghp_short N=npm_config_cache A=AKIA\n"},
         {from + "COPY <<X /k\n-----BEGIN PUBLIC KEY-----\nX\n"}});
}

TEST_CASE("SecretFileCopied") {
    const std::string from = "FROM base:1\n";
    check_cases("SecretFileCopied",
                {{from + "COPY a .npmrc d/\n", {"2:8 .npmrc"}},
                 {from + "ADD keys/id_rsa /root/\n", {"2:5 keys/id_rsa"}},
                 {from + "COPY .env .env.production ./\n", {"2:6 .env", "2:11 .env.production"}},
                 {from + "COPY tls/server.key /etc/\n", {"2:6 tls/server.key"}},
                 {from + "COPY .docker/config.json /root/\n", {"2:6 .docker/config.json"}},
                 {from + "COPY .env.example id_rsa.pub server.crt config.json ./\n"},
                 {from + "COPY nodesource.gpg.key docker-archive.key public.key /etc/keys/\n"},
                 {"FROM base:1 AS b\nCOPY .npmrc ./\nFROM scratch\nCOPY --from=b /x /\n"},
                 {from + "ADD https://example.com/Release.key /etc/keys/\n"},
                 {"FROM base:1 AS b\nFROM scratch\nCOPY --from=b /.env /\n"}});
}

TEST_CASE("CopyBeforeInstall") {
    const std::string copy = "FROM node:20\nCOPY . .\n";
    check_cases("CopyBeforeInstall",
                {{copy + "RUN npm ci\n", {"2:1 COPY . ."}},
                 {copy + "USER me\nRUN npm ci && npm run build\n", {"2:1 COPY . ."}},
                 {copy + "RUN yarn\n", {"2:1 COPY . ."}},
                 {copy + "RUN pip install -r requirements.txt\n", {"2:1 COPY . ."}},
                 {copy + "RUN go mod download\n", {"2:1 COPY . ."}},
                 {"FROM debian:12\nADD ./ /app\nRUN apt-get update && apt-get install -y x\n",
                  {"2:1 ADD ./ /app"}},
                 // One finding: what stands below runs again anyway.
                 {copy + "COPY . /b\nRUN npm ci\nRUN npm ci\n", {"2:1 COPY . ."}},
                 {"FROM node:20\nCOPY package.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\n"},
                 {copy + "RUN --mount=type=cache,target=/root/.npm npm ci\n"},
                 {copy + "RUN dotnet restore\n", {"2:1 COPY . ."}},
                 {copy + "RUN poetry install --no-root\n", {"2:1 COPY . ."}},
                 {copy + "RUN poetry install\nRUN uv sync\nRUN go mod tidy\n"},
                 {copy + "RUN pnpm install --offline\n"},
                 // Once more, without what only the build needed.
                 {"FROM node:20\nCOPY package.json ./\nRUN npm ci\n" + std::string("COPY . .\n") +
                  "RUN npm ci --omit=dev\n"},
                 {"FROM node:20\nRUN npm install -g npm\nCOPY . .\nRUN npm ci\n", {"3:1 COPY . ."}},
                 {copy + "RUN pip install .\n"},
                 {copy + "RUN pip install -e .\n"},
                 {copy + "RUN pip install flask 'x==1'\n", {"2:1 COPY . ."}},
                 {copy + "RUN python3 -m pip install -U flask\n", {"2:1 COPY . ."}},
                 {copy + "RUN pip install wheels/x.whl\nRUN pip install x.tar.gz $MORE\n"},
                 {copy + "RUN pip install\nRUN pip --version\n"},
                 {copy + "RUN apt-get install -y $(cat packages.txt)\n"},
                 {copy + "RUN apt-get install -y ./x.deb\n"},
                 {copy + "RUN go build ./...\n"},
                 {"FROM node:20\nCOPY src /src\nRUN npm ci\n"},
                 {"FROM node:20 AS a\nFROM node:20\nCOPY --from=a . .\nRUN npm ci\n"},
                 {copy + "FROM node:20\nRUN npm ci\n"}});
    // A part of the context that is source code by its name.
    const std::string python = "FROM python:3.12\nWORKDIR /app\n";
    check_cases(
        "CopyBeforeInstall",
        {{python + "COPY app /app\nRUN pip install -r /app/requirements.txt\n",
          {"3:1 COPY app /app"}},
         {python + "COPY app .\nRUN pip install -r requirements.txt\n", {"3:1 COPY app ."}},
         {python + "COPY main.py requirements.txt ./\nRUN pip install -r requirements.txt\n",
          {"3:1 COPY main.py requirements.txt ./"}},
         {python + "COPY main.py ./\nRUN apt-get update && apt-get install -y curl\n",
          {"3:1 COPY main.py ./"}},
         {python + "COPY src ./src\nCOPY package*.json ./\nRUN npm ci\n", {"3:1 COPY src ./src"}},
         {python + "COPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY app .\n"},
         {python +
          "COPY setup.py vite.config.js patches/ ./\nRUN pip install -r requirements.txt\n"},
         {python + "COPY install-all.py ./\nRUN apt-get install -y curl\n"},
         {python + "ADD https://example.com/get-pip.py /\nRUN apt-get install -y curl\n"},
         // The requirements come from elsewhere.
         {python + "COPY app /srv/app\nRUN pip install -r requirements.txt\n"},
         // The RUN may need it.
         {python + "COPY src /src\nRUN apt-get install -y gcc && make -C /src\n"},
         {python + "COPY main.py ./\nRUN pip install flask && python main.py --prepare\n"},
         {python + "COPY src ./src\nCOPY composer.json ./\nRUN composer install\n"},
         {"FROM a:1 AS b\nFROM c:1\nCOPY --from=b /src /src\nRUN apt-get install -y x\n"}});
    CHECK(checked(copy + "RUN npm ci\n")->messages("CopyBeforeInstall") ==
          Texts{"Every change of any file makes npm ci on line 3 run again"});
    const auto fix = [&](const std::string& run) {
        return checked(copy + run + "\n")->findings.at(0).fix;
    };
    CHECK(fix("RUN go mod download") ==
          "COPY go.mod go.sum ./, then the RUN of line 3, then this COPY");
    CHECK(fix("RUN pip install -r requirements/prod.txt") ==
          "COPY requirements/prod.txt ./, then the RUN of line 3, then this COPY");
    const auto fix_below = [&](const std::string& lines) {
        return checked(python + lines + "\n")->findings.at(0).fix;
    };
    CHECK(fix_below("COPY app /app\nRUN pip install -r /app/requirements.txt") ==
          "COPY app/requirements.txt /app/, then the RUN of line 4, then this COPY");
    CHECK(fix_below("COPY . /app\nRUN pip install -r /app/requirements.txt") ==
          "COPY requirements.txt /app/, then the RUN of line 4, then this COPY");
    CHECK(fix_below("COPY main.py requirements.txt ./\nRUN pip install -r requirements.txt") ==
          "main.py below the RUN of line 4");
    // What was not copied has nothing to be copied for.
    CHECK(fix("RUN npm install -g pnpm") == "the npm install of line 3 in a RUN above this COPY");
    CHECK(fix("RUN npm install typescript") ==
          "the npm install of line 3 in a RUN above this COPY");
    CHECK(fix("RUN apt-get install -y gcc && make") ==
          "the apt-get install of line 3 in a RUN above this COPY");
    CHECK(checked(copy + "RUN composer install\n")->findings.at(0).notes.size() == 1);
}

TEST_CASE("UnreachableStage") {
    const auto rule = "UnreachableStage";
    check_cases(rule, {{"FROM scratch AS a\nFROM scratch\n", {"1:17 a"}},
                       {"FROM scratch\nFROM scratch\n", {"1:6 scratch"}},
                       // Only the outermost of those that hang together.
                       {"FROM scratch AS a\nFROM a AS b\nFROM scratch\n", {"2:11 b"}},
                       {"# a is for debugging\nFROM scratch AS a\nFROM scratch\n"},
                       {"FROM scratch AS a\nFROM scratch\nCOPY --from=a /x /\n"},
                       {"FROM scratch AS a\nFROM scratch\nRUN --mount=from=a,target=/x true\n"},
                       {"FROM scratch AS a\nFROM scratch\nCOPY --from=0 /x /\n"},
                       {"FROM scratch\n"}});
    check_cases(rule, {{"FROM scratch AS a\nFROM scratch AS b\n"}}, {.target = "a"});
    std::string many;
    for (const char* name : {"a", "b", "c", "d"})
        many += std::string("FROM scratch AS ") + name + "\n";
    check_cases(rule,
                {{many, {"1:17 a", "2:17 b", "3:17 c"}}, {many + "FROM scratch\n", {"1:17 a"}}});
    CHECK(checked(many + "FROM scratch\n")->messages(rule) ==
          Texts{"The final stage does not use stage \"a\", nor 3 others"});
}

TEST_CASE("RunWithoutEffect") {
    const std::string from = "FROM base:1\n";
    check_cases("RunWithoutEffect", {{from + "RUN cd /app\n", {"2:5 cd"}},
                                     {from + "RUN export A=1 && cd x\n", {"2:19 cd"}},
                                     {from + "RUN cd /app && make\n"},
                                     {from + "RUN A=1 make\n"},
                                     {from + "RUN true\n"},
                                     {from + "RUN . ./env\n"}});
    CHECK(checked(from + "RUN cd /app\n")->findings[0].fix == "WORKDIR /app");
    CHECK(checked(from + "RUN export A=1\n")->findings[0].fix == "ENV A=1");
    CHECK(checked(from + "RUN export A='b c' B=$X\n")->findings[0].fix == "ENV A=\"b c\" B=$X");
}

TEST_CASE("SudoInRun") {
    const std::string from = "FROM base:1\n";
    check_cases("SudoInRun", {{from + "RUN sudo apt-get update\n", {"2:5 sudo"}},
                              {from + "RUN a && sudo -E b\n", {"2:10 sudo"}},
                              {from + "USER me\nRUN sudo b\n"},
                              {from + "RUN sudo -u me b && sudo --user=me b && sudo -Eu me b\n"},
                              // It may have a USER, and sudo for it.
                              {"FROM cimg/node:20.11\nRUN sudo b\n"},
                              {"FROM cimg/node:20.11 AS a\nFROM a\nRUN sudo b\n"},
                              {"FROM cimg/node:20.11\nUSER root\nRUN sudo b\n", {"3:5 sudo"}},
                              {from + "USER me\nUSER root\nRUN sudo b\n", {"4:5 sudo"}},
                              {from + "RUN apt-get install -y sudo\n"}});
    oci::ImageConfig config;
    config.user = "node";
    check_cases("SudoInRun", {{from + "RUN sudo b\n"}}, {.images = {{"base:1", config}}});
}

TEST_CASE("AddInsteadOfCopy") {
    const std::string from = "FROM scratch\n";
    check_cases("AddInsteadOfCopy",
                {{from + "ADD a b /c/\n", {"2:1 ADD"}},
                 {from + "add . /c/\n", {"2:1 add"}},
                 {from + "ADD a.tar.gz /c/\nADD rootfs.tar /\nADD *.txz /\nADD x* /\n"},
                 {from + "ADD https://example.com/a /a\nADD https://example.com/a.git /b\n"},
                 {from + "ADD --unpack=false a.tar /\n"},
                 {from + "ADD a b.tgz /c/\n"},
                 {from + "COPY a /c\n"}});
    CHECK(checked(from + "ADD a /c/\n")->findings[0].fix == "COPY a /c/");
}

TEST_CASE("SuspiciousSyntax: what the parser warns of") {
    check_cases("SuspiciousSyntax",
                {{"FROM base:1\nRUN ['a', 'b']\n", {"2:5 ['a', 'b']"}},
                 {"# syntax=example.com/other\nFROM scratch\n", {"1:10 example.com/other"}},
                 {"FROM base:1\n# check=skip=SuspiciousSyntax\nRUN ['a', 'b']\n"},
                 {"FROM base:1\nRUN [\"a\", \"b\"]\n"}});
}

TEST_CASE("MissingUser") {
    const std::string on = "# check=experimental=MissingUser\n";
    const auto rule = "MissingUser";
    check_cases(rule, {{on + "FROM base:1\n", {"2:1 FROM base:1"}},
                       {on + "FROM base:1\nUSER root:root\n", {"2:1 FROM base:1"}},
                       {on + "FROM base:1\nUSER 1000\n"},
                       {on + "FROM base:1 AS a\nUSER x\nFROM a\n"},
                       {"FROM base:1\n"}});
    oci::ImageConfig config;
    config.user = "nonroot";
    check_cases(rule, {{on + "FROM base:1\n"}}, {.images = {{"base:1", config}}});
}

TEST_CASE("an ordinary Dockerfile has no findings") {
    const auto text = R"(# syntax=docker/dockerfile:1
ARG GO_VERSION=1.22

FROM --platform=$BUILDPLATFORM golang:${GO_VERSION}-alpine AS build
ARG TARGETOS TARGETARCH
WORKDIR /src
RUN apk add --no-cache git
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
RUN --mount=type=cache,target=/root/.cache/go-build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /out/app ./cmd/app

# test runs the unit tests
FROM build AS test
RUN go test ./...

FROM debian:12-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build --chown=65534:65534 /out/app /usr/local/bin/app
ENV LISTEN=:8080
EXPOSE 8080
USER 65534
ENTRYPOINT ["/usr/local/bin/app"]
CMD ["serve"]
)";
    const auto result = checked(text);
    CHECK(result->survey.errors.empty());
    CHECK(result->rules() == Texts{});
}

} // namespace mybuild::lint
