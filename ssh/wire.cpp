#include "ssh/wire.hpp"

namespace mybuild::ssh {

std::string_view WireReader::take(std::size_t size) {
    if (!m_is_good || size > m_data.size()) {
        m_is_good = false;
        m_data = {};
        return {};
    }
    const auto taken = m_data.substr(0, size);
    m_data.remove_prefix(size);
    return taken;
}

std::uint8_t WireReader::byte() {
    const auto bytes = take(1);
    return bytes.empty() ? 0 : static_cast<std::uint8_t>(bytes.front());
}

std::uint32_t WireReader::number() {
    std::uint32_t value = 0;
    for (const char c : take(4))
        value = value << 8U | static_cast<std::uint8_t>(c);
    return value;
}

std::string_view WireReader::string() {
    const auto size = number();
    return take(size);
}

std::string_view WireReader::integer() {
    auto bytes = string();
    if (!bytes.empty() && (static_cast<std::uint8_t>(bytes.front()) & 0x80U) != 0)
        m_is_good = false;
    while (bytes.starts_with('\0'))
        bytes.remove_prefix(1);
    return m_is_good ? bytes : std::string_view();
}

WireWriter& WireWriter::byte(std::uint8_t value) {
    m_data += static_cast<char>(value);
    return *this;
}

WireWriter& WireWriter::number(std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8)
        m_data +=
            static_cast<char>(static_cast<std::uint8_t>(value >> static_cast<unsigned>(shift)));
    return *this;
}

WireWriter& WireWriter::string(std::string_view bytes) {
    number(static_cast<std::uint32_t>(bytes.size()));
    m_data += bytes;
    return *this;
}

WireWriter& WireWriter::integer(std::string_view bytes) {
    while (bytes.starts_with('\0'))
        bytes.remove_prefix(1);
    const bool looks_negative =
        !bytes.empty() && (static_cast<std::uint8_t>(bytes.front()) & 0x80U) != 0;
    number(static_cast<std::uint32_t>(bytes.size() + (looks_negative ? 1 : 0)));
    if (looks_negative) m_data += '\0';
    m_data += bytes;
    return *this;
}

} // namespace mybuild::ssh
