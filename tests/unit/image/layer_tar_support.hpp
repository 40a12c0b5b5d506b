#pragma once

#include "base/fs.hpp"
#include "image/byte_stream_io.hpp"
#include "image/layer_tar.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fcntl.h>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mybuild::test {

/// An entry and the bytes of its file.
struct Item {
    LayerEntry entry;
    std::string content = {};
};

inline Item file(std::string path, std::string content = {}, std::uint32_t mode = 0644) {
    Item item{.entry = {.path = std::move(path), .mode = mode, .size = content.size()}};
    item.content = std::move(content);
    return item;
}

inline Item directory(std::string path, std::uint32_t mode = 0755, bool opaque = false) {
    return {
        .entry = {
            .path = std::move(path), .type = EntryType::directory, .opaque = opaque, .mode = mode}};
}

inline Item link_to(std::string path, EntryType type, std::string target) {
    return {.entry = {.path = std::move(path),
                      .type = type,
                      .mode = type == EntryType::symlink ? 0777U : 0644U,
                      .link = std::move(target)}};
}

inline Item whiteout(std::string path) {
    return {.entry = {.path = std::move(path), .type = EntryType::whiteout}};
}

inline Result<std::string> write_layer(const std::vector<Item>& items) {
    StringSink out;
    LayerTarWriter writer(out);
    for (const Item& item : items) {
        MemorySource content(item.content);
        TRY(writer.add(item.entry, item.entry.type == EntryType::file ? &content : nullptr));
    }
    TRY(writer.finish());
    return out.take();
}

inline Result<std::vector<Item>> read_layer(std::string_view archive, TarLimits limits = {}) {
    MemorySource source(archive);
    LayerTarReader reader(source, limits);
    std::vector<Item> items;
    for (;;) {
        TRY_ASSIGN(auto entry, reader.next());
        if (!entry) return items;
        StringSink content;
        TRY(copy_bytes(reader.content(), content));
        items.push_back({.entry = std::move(*entry), .content = content.take()});
    }
}

/// What a shell script, run in a directory of its own with `input` as the file `in`, leaves in the
/// file `out` there. A script that fails fails the test.
inline std::string run_tool(const std::string& script, std::string_view input = {}) {
    auto dir = fs::TempDir::create("/tmp", "image-test");
    REQUIRE(dir);
    const auto put = [&](const char* name, std::string_view data) {
        const auto fd = fs::open_at(dir->fd(), name, O_WRONLY | O_CREAT | O_TRUNC);
        REQUIRE(fd);
        REQUIRE(fs::write_all(fd->get(), data));
    };
    put("in", input);
    put("run", "set -e\ncd " + dir->path() + "\n" + script + "\n");
    REQUIRE(std::system(("sh " + dir->path() + "/run").c_str()) == 0);
    return *fs::read_file_at(dir->fd(), "out");
}

} // namespace mybuild::test
