#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mybuild {

/// A git repository, and which part of it in which state, as ADD and contexts name it: a URL with
/// options in its fragment (`#ref:subdir`) or its query (`?branch=main&subdir=docs`).
struct GitUrl {
    enum class Transport : std::uint8_t { git, http, https, ssh };
    enum class Times : std::uint8_t { unsaid, checkout, commit };

    Transport transport = Transport::https;
    std::string remote = {}; ///< what is connected to: without options, user and password
    std::string host = {};   ///< lower case, with its port where one is written
    std::string user = {};
    std::string password = {};
    std::string ref = {};      ///< branch, tag, commit or full name of a ref; empty: the default
    std::string subdir = {};   ///< clean, relative; empty: all of it
    std::string checksum = {}; ///< commit that the ref must stand for, or the beginning of its id
    std::optional<bool> keep_git_dir = {};
    std::optional<bool> submodules = {};
    Times times = Times::unsaid;
    bool fetch_by_commit = false; ///< `checksum` is believed, the ref never asked for

    friend bool operator==(const GitUrl&, const GitUrl&) = default;
};

/// Whether the text has the form of a git repository: git:// or ssh://, user@host:path, or http(s)
/// with a path that ends in `.git`.
[[nodiscard]] bool is_git_url(std::string_view text);
/// The same for a build context, where `github.com/NAME` counts as well.
[[nodiscard]] bool is_git_context(std::string_view text);

/// Reads such a text. Errors (ErrorCode::invalid): unknown, repeated or empty options, options that
/// contradict each other, a malformed URL.
Result<GitUrl> parse_git_url(std::string_view text);

/// Reads the URL of a repository without options, as `.gitmodules` has them: any path counts.
/// Errors: ErrorCode::invalid.
Result<GitUrl> parse_git_remote(std::string_view text);

/// 40 or 64 hex digits: the id of a commit.
[[nodiscard]] bool is_commit_id(std::string_view text);

} // namespace mybuild
