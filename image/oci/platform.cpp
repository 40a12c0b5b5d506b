#include "image/oci/platform.hpp"

#include "base/render.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <sys/utsname.h>
#include <utility>
#include <vector>

namespace mybuild::oci {

namespace {

// Go's GOOS and GOARCH values: a platform of one word is told to be the one or the other by them.
constexpr std::array<std::string_view, 17> known_systems = {
    "aix",   "android", "darwin", "dragonfly", "freebsd", "illumos", "ios",     "js", "linux",
    "macos", "nacl",    "netbsd", "openbsd",   "plan9",   "solaris", "windows", "zos"};
constexpr std::array<std::string_view, 33> known_architectures = {
    "386",       "amd64",       "amd64p32", "arm",    "armbe",   "arm64",  "arm64be",
    "ppc64",     "ppc64le",     "loong64",  "mips",   "mipsle",  "mips64", "mips64le",
    "mips64p32", "mips64p32le", "ppc",      "riscv",  "riscv64", "s390",   "s390x",
    "sparc",     "sparc64",     "wasm",     "i386",   "x86_64",  "x86-64", "aarch64",
    "armhf",     "armel",       "i686",     "armv7l", "armv6l"};

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](char byte) {
        return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
    });
    return text;
}

bool contains(const auto& list, std::string_view word) {
    return std::ranges::find(list, word) != list.end();
}

/// `7` and `v7` are the same.
std::string with_v(std::string variant) {
    if (!variant.empty() && variant.front() >= '0' && variant.front() <= '9')
        variant.insert(variant.begin(), 'v');
    return variant;
}

bool valid_word(std::string_view word) {
    return !word.empty() && std::ranges::all_of(word, [](char byte) {
        return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
               (byte >= '0' && byte <= '9') || byte == '_' || byte == '-' || byte == '.';
    });
}

Error parse_error(std::string_view text, std::string_view why) {
    return Error{.code = ErrorCode::invalid,
                 .message = "failed to parse platform " + printable(text) + ": " + std::string(why),
                 .hint = "write it as os/architecture[/variant], for example linux/arm64"};
}

constexpr std::string_view process_architecture() {
#if defined(__x86_64__)
    return "amd64";
#elif defined(__aarch64__)
    return "arm64";
#elif defined(__arm__)
    return "arm";
#elif defined(__i386__)
    return "386";
#elif defined(__riscv) && __riscv_xlen == 64
    return "riscv64";
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
    return "ppc64le";
#elif defined(__s390x__)
    return "s390x";
#elif defined(__loongarch64)
    return "loong64";
#elif defined(__mips64) && defined(__MIPSEL__)
    return "mips64le";
#else
    return "unknown";
#endif
}

/// Variants that a machine for `wanted` runs, best first.
std::vector<std::string> runnable_variants(const Platform& wanted) {
    const auto from = [&](std::string_view highest_first, std::string_view least) {
        std::vector<std::string> variants;
        bool reached = false;
        for (const char digit : highest_first) {
            const std::string variant{'v', digit};
            reached = reached || variant == (wanted.variant.empty() ? least : wanted.variant);
            if (reached) variants.push_back(variant == least ? std::string() : variant);
        }
        return variants;
    };
    if (wanted.architecture == "amd64") return from("4321", "v1");
    if (wanted.architecture == "arm64" && (wanted.variant.empty() || wanted.variant == "v9"))
        return from("98", "v8");
    if (wanted.architecture == "arm") return from("8765", "");
    if (wanted.variant.empty()) return {""};
    return {wanted.variant, ""};
}

} // namespace

std::string Platform::str() const {
    return variant.empty() ? os + "/" + architecture : os + "/" + architecture + "/" + variant;
}

Platform normalized(Platform platform) {
    platform.os = lower(std::move(platform.os));
    if (platform.os == "macos") platform.os = "darwin";
    std::string arch = lower(std::move(platform.architecture));
    std::string variant = lower(std::move(platform.variant));
    if (arch == "i386" || arch == "i686") {
        arch = "386";
        variant.clear();
    } else if (arch == "x86_64" || arch == "x86-64" || arch == "amd64") {
        arch = "amd64";
        if (variant == "v1") variant.clear();
    } else if (arch == "aarch64" || arch == "arm64") {
        arch = "arm64";
        variant = with_v(std::move(variant));
        if (variant == "v8" || variant == "v8.0") variant.clear();
        if (variant == "v9.0") variant = "v9";
    } else if (arch == "armhf" || arch == "armv7l") {
        arch = "arm";
        variant = "v7";
    } else if (arch == "armel" || arch == "armv6l") {
        arch = "arm";
        variant = "v6";
    } else if (arch == "arm") {
        variant = variant.empty() ? "v7" : with_v(std::move(variant));
    }
    platform.architecture = std::move(arch);
    platform.variant = std::move(variant);
    return platform;
}

int match_quality(const Platform& have, const Platform& wanted) {
    if (have.os != wanted.os || have.architecture != wanted.architecture) return 0;
    const auto variants = runnable_variants(wanted);
    const auto found = std::ranges::find(variants, have.variant);
    if (found != variants.end()) return 100 - static_cast<int>(found - variants.begin());
    return have.variant == wanted.variant ? 100 : 0;
}

Result<Platform> parse_platform(std::string_view text) {
    std::vector<std::string> words;
    std::size_t begin = 0;
    for (;;) {
        const auto slash = text.find('/', begin);
        words.emplace_back(
            text.substr(begin, slash == std::string_view::npos ? slash : slash - begin));
        if (!valid_word(words.back()))
            return fail(parse_error(text, words.back().empty()
                                              ? "a part of it is empty"
                                              : "it has a character that no platform has"));
        if (slash == std::string_view::npos) break;
        begin = slash + 1;
    }
    if (words.size() > 3) return fail(parse_error(text, "it has more than three parts"));
    Platform platform = host_platform();
    if (words.size() > 1) {
        platform.os = words[0];
        platform.architecture = words[1];
        platform.variant = words.size() == 3 ? words[2] : "";
        return normalized(std::move(platform));
    }
    if (contains(known_systems, lower(words[0]))) {
        platform.os = words[0];
    } else if (contains(known_architectures, lower(words[0]))) {
        const Platform host = platform;
        platform.architecture = words[0];
        platform.variant.clear();
        platform = normalized(std::move(platform));
        if (platform.architecture == host.architecture && lower(words[0]) == "arm") platform = host;
    } else {
        return fail(parse_error(text, "unknown operating system or architecture"));
    }
    return normalized(std::move(platform));
}

Platform host_platform() {
    Platform platform{.os = "linux", .architecture = std::string(process_architecture())};
    if (platform.architecture == "arm") {
        struct utsname names = {};
        const std::string_view machine = ::uname(&names) == 0 ? names.machine : "";
        // `armv6l`, `armv7l`; `aarch64` or `armv8l` under a 64-bit kernel.
        if (machine.starts_with("armv") && machine.size() > 4)
            platform.variant = std::string{'v', machine[4]};
        else if (machine == "aarch64")
            platform.variant = "v8";
    }
    return normalized(std::move(platform));
}

} // namespace mybuild::oci
