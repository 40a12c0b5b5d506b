#pragma once

#include "base/fs.hpp"
#include "cache/layers/layer_store.hpp"
#include "cache/layers/listing_format.hpp"
#include "cache/store.hpp"
#include "image/byte_stream_io.hpp"
#include "tests/unit/cache/layers/entries.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <map>
#include <string>
#include <sys/stat.h>
#include <sys/xattr.h>

/// A store of a test's own, and steps in it. Needs root, as the store does.
namespace mybuild::test {

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(*result);
}

/// For system calls that a test needs to succeed.
inline void ok(long result) {
    if (result < 0) throw std::runtime_error(fmt::format("system call: {}", std::strerror(errno)));
}

inline void write_file(int root, const std::string& path, std::string_view content,
                       unsigned mode = 0644) {
    const auto file = must(fs::open_at(root, path, O_WRONLY | O_CREAT | O_TRUNC, 0600));
    must(fs::write_all(file.get(), content));
    ok(::fchmod(file.get(), mode));
}

inline void set_time(int root, const std::string& path, std::int64_t seconds) {
    const struct timespec times[2] = {{seconds, 0}, {seconds, 123'456'789}};
    ok(::utimensat(root, path.c_str(), times, AT_SYMLINK_NOFOLLOW));
}

inline std::string proc_path(int root, const std::string& path) {
    return fmt::format("/proc/self/fd/{}/{}", root, path);
}

/// Everything below a directory, attribute by attribute, as a text for each path. Independent of
/// what it tests.
class Description {
  public:
    explicit Description(int root) { walk(root, ""); }
    [[nodiscard]] const std::map<std::string, std::string>& lines() const& { return m_lines; }
    [[nodiscard]] std::map<std::string, std::string> lines() && { return std::move(m_lines); }
    friend bool operator==(const Description& a, const Description& b) {
        return a.m_lines == b.m_lines;
    }

  private:
    void walk(int dir, const std::string& path) {
        for (const auto& name : must(fs::list_dir(dir))) {
            const auto child = path.empty() ? name : path + "/" + name;
            const auto info = must(fs::stat_at(dir, name));
            m_lines[child] = describe(dir, name, child, info);
            if (S_ISDIR(info.st_mode))
                walk(must(fs::open_at(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)).get(),
                     child);
        }
    }

    std::string describe(int dir, const std::string& name, const std::string& path,
                         const struct stat& info) {
        auto line = fmt::format("mode {:o} owner {}:{} time {} device {:x}", info.st_mode,
                                info.st_uid, info.st_gid, info.st_mtim.tv_sec, info.st_rdev);
        if (S_ISREG(info.st_mode)) {
            const auto content = must(fs::read_file_at(dir, name));
            line += fmt::format(" size {} content {}", info.st_size, Digest::of(content).hex());
        }
        if (S_ISLNK(info.st_mode)) {
            std::string target(5000, '\0');
            const auto size = ::readlinkat(dir, name.c_str(), target.data(), target.size());
            line += " -> " + target.substr(0, static_cast<std::size_t>(size));
        }
        if (!S_ISDIR(info.st_mode) && info.st_nlink > 1)
            line += " same as " + m_inodes.try_emplace(info.st_ino, path).first->second;
        return line + xattrs(proc_path(dir, name));
    }

    static std::string xattrs(const std::string& path) {
        std::string names(4096, '\0');
        const auto size = ::llistxattr(path.c_str(), names.data(), names.size());
        std::map<std::string, std::string> found;
        for (std::size_t at = 0; size > 0 && at < static_cast<std::size_t>(size);) {
            const std::string name = names.c_str() + at;
            at += name.size() + 1;
            std::string value(70000, '\0');
            const auto got = ::lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
            value.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
            found[name] = value;
        }
        std::string text;
        for (const auto& [name, value] : found)
            text += fmt::format(" {}={}", name, Digest::of(value).hex());
        return text;
    }

    std::map<std::string, std::string> m_lines;
    std::map<ino_t, std::string> m_inodes;
};

class TestStore {
  public:
    explicit TestStore(std::string root) : store(must(Store::open(root))), layers(open()) {}

    /// Runs a step on the stack: `change` gets the root as the step sees it.
    Layer step(const LayerStack& stack, const std::function<void(int root)>& change) {
        auto sealed = seal(stack, change);
        return must(layers->commit(std::move(sealed), chain(stack)));
    }
    std::unique_ptr<SealedTree> seal(const LayerStack& stack,
                                     const std::function<void(int root)>& change) {
        return must(try_seal(stack, change));
    }
    Result<std::unique_ptr<SealedTree>> try_seal(const LayerStack& stack,
                                                 const std::function<void(int root)>& change) {
        auto scratch = must(layers->prepare(must(layers->trees(stack))));
        change(scratch->root());
        return layers->seal(std::move(scratch), view(stack));
    }
    /// As step(), on top.
    void push(LayerStack& stack, const std::function<void(int root)>& change) {
        auto layer = step(stack, change);
        stack.push_back(std::move(layer));
    }
    std::string tar(const Layer& layer) {
        StringSink out;
        must(layers->write_tar(layer, out));
        return out.take();
    }
    Description describe(const LayerStack& stack) {
        const auto root = must(layers->mount_read_only(must(layers->trees(stack))));
        return Description(root.get());
    }
    /// What unpacking `tar` on top of `below` gives.
    Result<Layer> import_tar(const LayerStack& below, const std::string& tar,
                             std::optional<Digest> diff_id = {}) {
        const auto blob = must(store->blobs().put(tar, oci::media_type::layer));
        return layers->import(below, diff_id.value_or(Digest::of(tar)), blob, {});
    }
    /// The store as another process sees it, or the same one later.
    void reopen() {
        const auto root = store->root();
        layers.reset();
        store.reset();
        store = must(Store::open(root));
        layers = open();
    }
    std::vector<std::string> names(const std::string& directory) {
        return must(fs::list_dir(must(fs::open_at(store->root_fd(), directory, O_RDONLY)).get()));
    }

    static std::optional<Digest> chain(const LayerStack& stack) {
        if (stack.empty()) return std::nullopt;
        return stack.back().row.chain_id;
    }
    static StageView view(const LayerStack& stack) {
        std::vector<std::shared_ptr<const Listing>> listings;
        for (const auto& layer : stack)
            listings.push_back(layer.listing);
        return StageView(listings);
    }

    std::unique_ptr<Store> store;
    std::unique_ptr<LayerStore> layers;

  private:
    std::unique_ptr<LayerStore> open() { return LayerStore::open(*store); }
};

/// A directory and a store in it.
struct Fixture {
    fs::TempDir dir = must(fs::TempDir::create("/tmp", "mybuild-test-"));
    TestStore store{dir.path() + "/store"};
};

/// The entries of a layer in a short form: `d path`, `w path` …, opaque directories as `o`.
inline std::vector<std::string> shape(const Layer& layer) {
    std::vector<std::string> lines;
    for (const auto& entry : all_entries(*layer.listing)) {
        const char letter = entry.opaque ? 'o' : "fhldcbpw"[static_cast<int>(entry.type)];
        lines.push_back(fmt::format("{} {}", letter, entry.path));
    }
    return lines;
}

} // namespace mybuild::test
