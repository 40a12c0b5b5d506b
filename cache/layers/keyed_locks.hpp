#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <string>

namespace mybuild {

/// One lock for each key in use: work on one thing is done once, by whoever comes first, while work
/// on others goes on.
class KeyedLocks {
  public:
    /// Released on destruction.
    class Held {
      public:
        Held(KeyedLocks& locks, std::string key) : m_locks(locks), m_key(std::move(key)) {
            std::unique_lock lock(m_locks.m_mutex);
            m_locks.m_changed.wait(lock, [&] { return m_locks.m_keys.insert(m_key).second; });
        }
        Held(const Held&) = delete;
        Held& operator=(const Held&) = delete;
        ~Held() {
            const std::lock_guard lock(m_locks.m_mutex);
            m_locks.m_keys.erase(m_key);
            m_locks.m_changed.notify_all();
        }

      private:
        KeyedLocks& m_locks;
        std::string m_key;
    };

    [[nodiscard]] Held lock(std::string key) { return Held(*this, std::move(key)); }

  private:
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::set<std::string> m_keys;
};

} // namespace mybuild
