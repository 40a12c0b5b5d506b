#pragma once

#include "tests/unit/cache/layers/layer_fixture.hpp"

#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

namespace mybuild::test {

/// A file capability as setcap(8) writes it: cap_net_raw=ep, version 2 (linux/capability.h).
inline std::string capability() {
    return std::string("\1\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
}

/// Makes one of every kind of file that a layer can hold, with odd names and attributes.
inline void make_every_kind(int root) {
    ok(::mkdirat(root, "dir", 0755));
    ok(::mkdirat(root, "dir/empty", 0700));
    ok(::mkdirat(root, "dir/sticky", 0));
    ok(::fchmodat(root, "dir/sticky", 01777, 0));
    write_file(root, "dir/file", "some content\n");
    write_file(root, "dir/nothing", "");
    write_file(root, "dir/setuid", "#!", 04755);
    write_file(root, "dir/setgid", "#!", 02755);
    write_file(root, "dir/unreadable", "x", 0);
    write_file(root, "dir/owned", "x");
    ok(::fchownat(root, "dir/owned", 3'000'000, 4'000'000, 0));
    write_file(root, "dir/capable", "x", 0755);
    const auto cap = capability();
    ok(::lsetxattr(proc_path(root, "dir/capable").c_str(), "security.capability", cap.data(),
                   cap.size(), 0));
    ok(::lsetxattr(proc_path(root, "dir/file").c_str(), "user.binary", "\0\n=\xff", 4, 0));
    ok(::lsetxattr(proc_path(root, "dir").c_str(), "user.on.directory", "v", 1, 0));
    ok(::symlinkat("/absolute/../target", root, "dir/link"));
    ok(::symlinkat("nowhere", root, "dir/dangling"));
    ok(::fchownat(root, "dir/dangling", 12, 34, AT_SYMLINK_NOFOLLOW));
    ok(::linkat(root, "dir/file", root, "zz-hard", 0));
    ok(::linkat(root, "dir/file", root, "a-hard", 0));
    ok(::linkat(root, "dir/link", root, "zz-hard-symlink", 0));
    ok(::mknodat(root, "dir/fifo", S_IFIFO | 0600, 0));
    ok(::mknodat(root, "dir/null", S_IFCHR | 0666, makedev(1, 3)));
    ok(::mknodat(root, "dir/disk", S_IFBLK | 0660, makedev(259, 70000)));
    write_file(root, "dir/not\xffutf8\n\x1b[31m", "x");
    write_file(root, "dir/" + std::string(255, 'n'), "x");
    std::string deep = "deep";
    for (int i = 0; i < 3; ++i) {
        ok(::mkdirat(root, deep.c_str(), 0755));
        deep += "/" + std::string(100, static_cast<char>('a' + i));
    }
    write_file(root, deep, "300 bytes of path");
    ok(::symlinkat(std::string(300, 't').c_str(), root, "long-target"));
    const auto sparse = must(fs::open_at(root, "sparse", O_WRONLY | O_CREAT, 0644));
    ok(::ftruncate(sparse.get(), 3'000'000));
    ok(::pwrite(sparse.get(), "end", 3, 2'500'000));
    write_file(root, "big", std::string(700'000, 'b'));
    set_time(root, "dir/file", 1'234'567'890);
    set_time(root, "dir/link", 1);
    set_time(root, "dir/nothing", -1000);
    set_time(root, "dir/empty", 5'000'000'000);
    set_time(root, "dir", 1'111'111'111);
}

} // namespace mybuild::test
