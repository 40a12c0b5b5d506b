#include "cache/layers/content_id.hpp"

#include <array>
#include <cstring>

namespace mybuild {
namespace {

template <class Integer>
void put(std::string& out, Integer value) {
    std::array<char, sizeof value> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<char>((value >> (8 * i)) & 0xFFU);
    out.append(bytes.data(), bytes.size());
}

void put_string(std::string& out, std::string_view text) {
    put(out, static_cast<std::uint32_t>(text.size()));
    out += text;
}

char letter(EntryType type) {
    constexpr std::string_view letters = "fhldcbpw";
    return letters[static_cast<std::size_t>(type)];
}

void put_attributes(std::string& out, const LayerEntry& entry) {
    // Linux has no mode for symbolic links; what tars say of it differs from tool to tool.
    put(out, entry.type == EntryType::symlink ? 0U : entry.mode);
    put(out, entry.uid);
    put(out, entry.gid);
    put(out, static_cast<std::uint32_t>(entry.xattrs.size()));
    for (const auto& xattr : entry.xattrs) {
        put_string(out, xattr.name);
        put_string(out, xattr.value);
    }
}

void put_body(std::string& out, const LayerEntry& entry) {
    switch (entry.type) {
    case EntryType::file:
        put(out, entry.size);
        out.append(reinterpret_cast<const char*>(entry.content.bytes.data()),
                   entry.content.bytes.size());
        break;
    case EntryType::hard_link:
    case EntryType::symlink:
        put_string(out, entry.link);
        break;
    case EntryType::directory:
        out += entry.opaque ? '\1' : '\0';
        break;
    case EntryType::char_device:
    case EntryType::block_device:
        put(out, entry.device_major);
        put(out, entry.device_minor);
        break;
    case EntryType::fifo:
    case EntryType::whiteout:
        break;
    }
}

} // namespace

ContentId::ContentId() {
    start();
}

void ContentId::start() {
    m_buffer = "mybuild layer content 1\n";
}

void ContentId::add(const LayerEntry& entry) {
    m_buffer += letter(entry.type);
    put_string(m_buffer, entry.path);
    if (entry.type != EntryType::hard_link && entry.type != EntryType::whiteout)
        put_attributes(m_buffer, entry);
    put_body(m_buffer, entry);
    constexpr std::size_t enough = 16384;
    if (m_buffer.size() >= enough) {
        m_hash.update(m_buffer);
        m_buffer.clear();
    }
}

Digest ContentId::finish() {
    m_hash.update(m_buffer);
    start();
    return m_hash.finish();
}

} // namespace mybuild
