#include "cli/output_file.hpp"

#include "base/fs.hpp"
#include "image/byte_stream_io.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace mybuild::cli {

Status write_output(const std::string& path, const std::function<Status(ByteSink&)>& write) {
    if (path == "-") {
        if (::isatty(STDOUT_FILENO) == 1) {
            return fail({ErrorCode::usage,
                         "refusing to write an archive to a terminal",
                         {},
                         "name a file, or redirect the output"});
        }
        FdSink sink(STDOUT_FILENO, "standard output");
        return write(sink);
    }
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
        // A pipe or device has no temporary name beside it.
        TRY_ASSIGN(const auto fd, fs::open_at(AT_FDCWD, path, O_WRONLY));
        FdSink sink(fd.get(), path);
        return write(sink);
    }
    const auto temporary = fmt::format("{}.tmp-{}", path, fs::random_name(8));
    TRY_ASSIGN(const auto fd, fs::open_at(AT_FDCWD, temporary, O_WRONLY | O_CREAT | O_EXCL));
    FdSink sink(fd.get(), path);
    auto done = write(sink);
    if (done && ::rename(temporary.c_str(), path.c_str()) != 0)
        done = fail(errno_error(fmt::format("cannot write {}", path), errno));
    if (!done) ::unlink(temporary.c_str());
    return done;
}

} // namespace mybuild::cli
