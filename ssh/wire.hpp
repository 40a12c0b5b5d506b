#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// The data types that SSH's protocols, agents and key files are written in (RFC 4251, section 5).
namespace mybuild::ssh {

/// Takes values from the front of a text. What is missing or malformed makes the reader bad, and
/// every value after it empty: it is asked once, at the end.
class WireReader {
  public:
    explicit WireReader(std::string_view data) : m_data(data) {}

    std::uint8_t byte();
    std::uint32_t number();
    std::string_view string(); ///< its bytes, which belong to the text
    /// A non-negative multiple precision integer as its bytes, without leading zeros.
    std::string_view integer();

    [[nodiscard]] bool is_good() const { return m_is_good; }
    [[nodiscard]] std::string_view rest() const { return m_data; }

  private:
    std::string_view take(std::size_t size);

    std::string_view m_data;
    bool m_is_good = true;
};

/// Puts values together.
class WireWriter {
  public:
    WireWriter& byte(std::uint8_t value);
    WireWriter& number(std::uint32_t value);
    WireWriter& string(std::string_view bytes);
    /// From the bytes of a non-negative integer, most significant first.
    WireWriter& integer(std::string_view bytes);

    [[nodiscard]] const std::string& data() const { return m_data; }

  private:
    std::string m_data;
};

} // namespace mybuild::ssh
