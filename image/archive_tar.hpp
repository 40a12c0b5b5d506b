#pragma once

#include "image/archive_files.hpp"
#include "image/layer_tar_stream.hpp"

#include <functional>
#include <map>
#include <string>

namespace mybuild::archive {

/// Links between the names of a tar archive (old docker archives use them for layers they have
/// already). T is what a name that is no link stands for.
template <class T>
class Names {
  public:
    /// The same name twice: the first counts among blobs, whose content is checked; anywhere else
    /// it is ErrorCode::corrupt, because others may read the other one.
    Status add(const std::string& name, T value);
    Status add_link(const std::string& name, std::string target);
    [[nodiscard]] bool contains(const std::string& name) const {
        return m_values.contains(name) || m_links.contains(name);
    }
    /// Follows links; nullptr if there is nothing (or only a circle of links).
    const T* find(const std::string& name) const;

  private:
    Status check_new(const std::string& name) const;
    std::map<std::string, T> m_values;
    std::map<std::string, std::string> m_links;
};

[[nodiscard]] Error twice(const std::string& name);
[[nodiscard]] Error too_large(const std::string& name, std::size_t limit);
/// Gives `add` each entry of a tar that may be an image archive. Ends at its first failure; what
/// the reader finds wrong, and more than max_entries, fail with the archive's name.
Status scan(tar::Stream& stream, const std::string& archive_name,
            const std::function<Status(const LayerEntry&)>& add);

template <class T>
Status Names<T>::check_new(const std::string& name) const {
    if (contains(name) && !name.starts_with("blobs/")) return fail(twice(name));
    return {};
}

template <class T>
Status Names<T>::add(const std::string& name, T value) {
    TRY(check_new(name));
    if (!m_links.contains(name)) m_values.try_emplace(name, std::move(value));
    return {};
}

template <class T>
Status Names<T>::add_link(const std::string& name, std::string target) {
    TRY(check_new(name));
    if (!m_values.contains(name)) m_links.try_emplace(name, std::move(target));
    return {};
}

template <class T>
const T* Names<T>::find(const std::string& name) const {
    const std::string* at = &name;
    for (int hops = 0; hops < 10; ++hops) {
        if (const auto value = m_values.find(*at); value != m_values.end()) return &value->second;
        const auto link = m_links.find(*at);
        if (link == m_links.end()) return nullptr;
        at = &link->second;
    }
    return nullptr;
}

} // namespace mybuild::archive
