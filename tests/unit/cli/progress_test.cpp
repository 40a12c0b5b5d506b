#include "base/fs.hpp"
#include "cli/progress.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>

using namespace mybuild;
using namespace mybuild::cli;

namespace {

/// A file that printers write to, read back as a whole.
class Captured {
  public:
    Captured() : m_fd(fs::open_at(AT_FDCWD, "/tmp", O_TMPFILE | O_RDWR, 0600).value()) {}
    [[nodiscard]] TextSink sink() const { return TextSink(m_fd.get()); }
    [[nodiscard]] std::string text() const {
        ::lseek(m_fd.get(), 0, SEEK_SET);
        return fs::read_all(m_fd.get()).value();
    }

  private:
    Fd m_fd;
};

event::Planned two_stages() {
    event::Planned planned;
    planned.steps = {{{SIZE_MAX, 0}, "", "ARG", "ARG V=1", false, {}},
                     {{0, 0}, "first", "FROM", "FROM a AS first", false, {}},
                     {{0, 1}, "first", "RUN", "RUN one", false, {}},
                     {{1, 0}, "", "FROM", "FROM scratch", false, {}},
                     {{1, 1}, "", "COPY", "COPY x /", false, {}}};
    return planned;
}

/// Two stages whose events come mixed, as they do when they run at the same time.
void send_mixed(EventSink& sink) {
    using event::Outcome;
    sink.on(two_stages());
    sink.on(event::StepStarted{{0, 0}, 0});
    sink.on(event::StepStarted{{1, 0}, 0});
    sink.on(event::StepFinished{{1, 0}, Outcome::done, "", 0});
    sink.on(event::StepFinished{{0, 0}, Outcome::done, "0123456789ab", 0});
    sink.on(event::StepStarted{{1, 1}, 0});
    sink.on(event::StepStarted{{0, 1}, 1'000'000'000});
    sink.on(event::StepRunning{{0, 1}, "cccccccccccc"});
    sink.on(event::StepFinished{{1, 1}, Outcome::cached, "bbbbbbbbbbbb", 0});
    sink.on(event::StepOutput{{0, 1}, event::Stream::out, "hel", 1'500'000'000});
    sink.on(event::StepOutput{{0, 1}, event::Stream::out, "lo\nx", 1'500'000'000});
    sink.on(event::StepFinished{{0, 1}, Outcome::done, "aaaaaaaaaaaa", 2'000'000'000, true});
    sink.on(event::Built{Digest::of("image"), {"app:latest", "app:1"}});
}

} // namespace

TEST_CASE("the classic form prints stages one after the other") {
    const Captured out, errors;
    const auto progress = make_classic_progress(out.sink(), errors.sink());
    send_mixed(*progress);
    CHECK(out.text() == "Step 1/5 : ARG V=1\n"
                        "Step 2/5 : FROM a AS first\n"
                        " ---> 0123456789ab\n"
                        "Step 3/5 : RUN one\n"
                        " ---> Running in cccccccccccc\n"
                        "hello\nx"
                        "Removing intermediate container cccccccccccc\n"
                        " ---> aaaaaaaaaaaa\n"
                        "Step 4/5 : FROM scratch\n"
                        " ---> \n"
                        "Step 5/5 : COPY x /\n"
                        " ---> Using cache\n"
                        " ---> bbbbbbbbbbbb\n"
                        "Successfully built " +
                            Digest::of("image").hex().substr(0, 12) +
                            "\nSuccessfully tagged app:latest\nSuccessfully tagged app:1\n");
    CHECK(errors.text().empty());
}

TEST_CASE("after a failure the classic form holds nothing back") {
    const Captured out, errors;
    const auto progress = make_classic_progress(out.sink(), errors.sink());
    progress->on(two_stages());
    progress->on(event::StepStarted{{0, 0}, 0});
    progress->on(event::StepStarted{{1, 0}, 0});
    progress->on(event::StepFinished{{1, 0}, event::Outcome::failed, "", 0});
    CHECK(out.text().find("Step 4/5 : FROM scratch\n") != std::string::npos);
}

TEST_CASE("triggers of a base are counted after FROM and have no step line of their own") {
    const Captured out, errors;
    const auto progress = make_classic_progress(out.sink(), errors.sink());
    event::Planned planned;
    planned.steps = {{{0, 0}, "", "FROM", "FROM a", false, {}},
                     {{0, 1}, "", "RUN", "RUN t", true, {}}};
    progress->on(planned);
    progress->on(event::StepStarted{{0, 0}, 0});
    progress->on(event::StepFinished{{0, 0}, event::Outcome::done, "aaaaaaaaaaaa", 0});
    progress->on(event::StepStarted{{0, 1}, 0});
    progress->on(event::StepFinished{{0, 1}, event::Outcome::cached, "bbbbbbbbbbbb", 0});
    CHECK(out.text() == "Step 1/1 : FROM a\n ---> aaaaaaaaaaaa\n# Executing 1 build trigger\n"
                        " ---> Using cache\n ---> bbbbbbbbbbbb\n");
}

TEST_CASE("the plain form numbers blocks and stamps whole lines") {
    const Captured out;
    const auto progress = make_plain_progress(out.sink());
    send_mixed(*progress);
    const auto text = out.text();
    for (const auto* part :
         {"#1 [first 1/2] FROM a AS first\n", "[stage-1 2/2] COPY x /\n", "CACHED\n",
          " 0.500 hello\n", " 1.000 x\n", " DONE 1.0s\n", "naming to app:1\n"}) {
        CAPTURE(part);
        CHECK(text.find(part) != std::string::npos);
    }
    CHECK(text.find("ARG V=1") == std::string::npos);
}

TEST_CASE("rawjson is one object a line, whatever bytes commands write") {
    const Captured out;
    const auto progress = make_json_progress(out.sink());
    progress->on(event::StepOutput{{0, 1}, event::Stream::err, "\xff\n", 5});
    progress->on(event::StepFinished{{0, 1}, event::Outcome::cached, "aaaaaaaaaaaa", 7});
    CHECK(out.text() ==
          "{\"event\":\"output\",\"ref\":{\"stage\":0,\"step\":1},\"stream\":\"stderr\","
          "\"text\":\"\xEF\xBF\xBD\\n\",\"timeNs\":5}\n"
          "{\"event\":\"finished\",\"id\":\"aaaaaaaaaaaa\",\"outcome\":\"cached\","
          "\"ref\":{\"stage\":0,\"step\":1},\"timeNs\":7}\n");
}

TEST_CASE("text of a Dockerfile cannot drive the terminal") {
    const Captured out, errors;
    const auto progress = make_classic_progress(out.sink(), errors.sink());
    event::Planned planned;
    planned.steps = {{{0, 0}, "", "FROM", "FROM a\x1b[2J", false, {}}};
    progress->on(planned);
    progress->on(event::StepStarted{{0, 0}, 0});
    CHECK(out.text() == "Step 1/1 : FROM a\\x1b[2J\n");
}
