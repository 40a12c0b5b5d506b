#pragma once

#include "base/digest.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mybuild {

/// The named fields that a key is a digest of, in the order they were added.
using KeyFields = std::vector<std::pair<std::string, std::string>>;

/// Builds a cache key: SHA-256 of a canonical, versioned, unambiguous encoding of named fields
/// (cache/key.cpp has the grammar). Equal inputs give equal keys on every machine, so nothing of
/// the machine at hand may be added: no path of the host, id, clock or limit.
class KeyBuilder {
  public:
    /// `kind` separates the name spaces of keys: "run", "copy", "from", …
    explicit KeyBuilder(std::string_view kind);

    KeyBuilder& add(std::string_view name, std::string_view value);
    /// A literal would be taken for a bool otherwise.
    KeyBuilder& add(std::string_view name, const char* value) {
        return add(name, std::string_view(value));
    }
    KeyBuilder& add(std::string_view name, const Digest& value);
    KeyBuilder& add(std::string_view name, std::uint64_t value);
    KeyBuilder& add(std::string_view name, bool value);
    /// A list keeps its boundaries: {"a b"} and {"a","b"} differ.
    KeyBuilder& add(std::string_view name, const std::vector<std::string>& values);

    [[nodiscard]] Digest digest() const;
    /// What went in, readable: stored next to the result and compared to explain a miss.
    [[nodiscard]] const KeyFields& fields() const { return m_fields; }

  private:
    std::string m_encoded;
    KeyFields m_fields;
};

/// The text form in which fields are stored (one versioned line each, escaped), and back.
std::string encode_fields(const KeyFields& fields);
Result<KeyFields> decode_fields(std::string_view text);

} // namespace mybuild
