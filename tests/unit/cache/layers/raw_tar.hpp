#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace mybuild::test {

/// Writes tars as they should not be: names, links and devices of any kind, in any order.
class RawTar {
  public:
    RawTar& file(std::string_view name, std::string_view content, unsigned mode = 0644) {
        header(name, '0', content.size(), mode, "");
        m_bytes += content;
        m_bytes.append((512 - content.size() % 512) % 512, '\0');
        return *this;
    }
    RawTar& directory(std::string_view name, unsigned mode = 0755) {
        return header(name, '5', 0, mode, "");
    }
    RawTar& symlink(std::string_view name, std::string_view target) {
        return header(name, '2', 0, 0777, target);
    }
    RawTar& hard_link(std::string_view name, std::string_view target) {
        return header(name, '1', 0, 0644, target);
    }
    RawTar& device(std::string_view name, unsigned major, unsigned minor) {
        return header(name, '3', 0, 0600, "", major, minor);
    }
    /// A PAX record for the next entry.
    RawTar& pax(const std::string& key, const std::string& value) {
        const auto body = " " + key + "=" + value + "\n";
        auto size = body.size() + 1;
        while (std::to_string(size).size() + body.size() != size)
            ++size;
        const auto record = std::to_string(size) + body;
        header("pax", 'x', record.size(), 0644, "");
        m_bytes += record;
        m_bytes.append((512 - record.size() % 512) % 512, '\0');
        return *this;
    }
    RawTar& whiteout(std::string_view name) { return file(name, ""); }
    [[nodiscard]] std::string str() const { return m_bytes + std::string(1024, '\0'); }

    RawTar& header(std::string_view name, char type, std::size_t size, unsigned mode,
                   std::string_view link, unsigned major = 0, unsigned minor = 0) {
        std::string block(512, '\0');
        block.replace(0, name.size(), name);
        number(block, 100, 8, mode);
        number(block, 108, 8, m_owner);
        number(block, 116, 8, m_owner);
        number(block, 124, 12, size);
        number(block, 136, 12, 1'400'000'000);
        block.replace(148, 8, "        ");
        block[156] = type;
        block.replace(157, link.size(), link);
        block.replace(257, 8, std::string_view("ustar\00000", 8));
        number(block, 329, 8, major);
        number(block, 337, 8, minor);
        unsigned sum = 0;
        for (const char c : block)
            sum += static_cast<unsigned char>(c);
        number(block, 148, 7, sum);
        m_bytes += block;
        return *this;
    }
    RawTar& owner(unsigned id) {
        m_owner = id;
        return *this;
    }

  private:
    static void number(std::string& block, std::size_t at, std::size_t width, std::uint64_t value) {
        char text[32];
        std::snprintf(text, sizeof text, "%0*lo", static_cast<int>(width - 1),
                      static_cast<unsigned long>(value));
        block.replace(at, width - 1, text);
    }

    std::string m_bytes;
    unsigned m_owner = 0;
};

} // namespace mybuild::test
