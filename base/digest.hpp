#pragma once

#include "base/result.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace mybuild {

/// A SHA-256 digest; the only algorithm we write. Its text form is `sha256:<64 lower-case hex>`
/// (image-spec, descriptor.md, "Digests").
struct Digest {
    std::array<std::uint8_t, 32> bytes{};

    [[nodiscard]] std::string hex() const; ///< 64 hex digits
    [[nodiscard]] std::string str() const; ///< `sha256:` and 64 hex digits
    /// From `sha256:<hex>`; anything else is ErrorCode::invalid (another algorithm: unsupported).
    static Result<Digest> parse(std::string_view text);
    /// From 64 lower-case hex digits.
    static Result<Digest> from_hex(std::string_view hex);
    static Digest of(std::string_view data);

    friend bool operator==(const Digest&, const Digest&) = default;
    friend auto operator<=>(const Digest&, const Digest&) = default;
};

/// Incremental SHA-256. Move-only; reusable after finish().
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;

    void update(const void* data, std::size_t size);
    void update(std::string_view data) { update(data.data(), data.size()); }
    void update(std::span<const std::byte> data) { update(data.data(), data.size()); }
    /// The digest of all bytes since construction or the last finish(); starts anew.
    Digest finish();

  private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace mybuild

template <>
struct std::hash<mybuild::Digest> {
    std::size_t operator()(const mybuild::Digest& digest) const noexcept {
        std::size_t value = 0;
        static_assert(sizeof value <= sizeof digest.bytes);
        __builtin_memcpy(&value, digest.bytes.data(), sizeof value);
        return value;
    }
};
