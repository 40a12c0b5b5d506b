#include "image/compress_codecs.hpp"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <limits>
#include <mutex>
#include <thread>

// One gzip member. The input is cut into pieces that are deflated each for itself and end on a byte
// (a full flush), so that they can simply stand one after the other: several threads may make them,
// and the result depends neither on their number nor on how the input came. The pieces' loss (no
// matches across their borders, some bytes for each) is below 0.5 % at this size.
namespace mybuild::codec {

namespace {

constexpr std::size_t piece_size = 1024 * 1024;

// Header (RFC 1952): deflate, no flags, time 0, no extra flags, OS unknown (as Go writes it).
constexpr std::array<std::uint8_t, 10> header = {0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255};
// An empty final block with fixed codes.
constexpr std::array<std::uint8_t, 2> last_block = {0x03, 0x00};

std::size_t level_memory(int level) {
    switch (level) {
    case 1:
        return ISAL_DEF_LVL1_DEFAULT;
    case 2:
        return ISAL_DEF_LVL2_DEFAULT;
    default:
        return ISAL_DEF_LVL3_DEFAULT;
    }
}

/// igzip's state and memory, used for one piece after the other.
class Deflater {
  public:
    explicit Deflater(int level) : m_level(level), m_memory(level_memory(level)) {}

    /// `bytes` as deflate blocks up to a byte boundary, none of them final.
    std::vector<std::byte> deflate(std::vector<std::byte>& bytes) {
        // Stored blocks are the worst case: 5 bytes for 64 KiB; and the flush marker.
        std::vector<std::byte> out(bytes.size() + bytes.size() / 1000 + 4096);
        ::isal_deflate_init(&m_stream);
        m_stream.level = static_cast<std::uint32_t>(m_level);
        m_stream.level_buf = m_memory.data();
        m_stream.level_buf_size = static_cast<std::uint32_t>(m_memory.size());
        m_stream.flush = FULL_FLUSH;
        m_stream.next_in = reinterpret_cast<std::uint8_t*>(bytes.data());
        m_stream.avail_in = static_cast<std::uint32_t>(bytes.size());
        std::size_t used = 0;
        do {
            if (used == out.size()) out.resize(2 * out.size());
            m_stream.next_out = reinterpret_cast<std::uint8_t*>(out.data() + used);
            m_stream.avail_out = static_cast<std::uint32_t>(out.size() - used);
            ::isal_deflate(&m_stream); // fails only on wrong parameters
            used = out.size() - m_stream.avail_out;
        } while (m_stream.avail_out == 0);
        out.resize(used);
        return out;
    }

  private:
    int m_level;
    std::vector<std::uint8_t> m_memory;
    struct isal_zstream m_stream {};
};

/// Deflates pieces on threads of its own; results come back in order.
class Workers {
  public:
    Workers(int level, unsigned count) : m_limit(2 * count) {
        for (unsigned i = 0; i < count; ++i)
            m_threads.emplace_back(
                [this, level](const std::stop_token& stop) { run(stop, level); });
    }

    void add(std::vector<std::byte> input) {
        const std::lock_guard lock(m_mutex);
        m_jobs.push_back({.data = std::move(input)});
        m_changed.notify_all();
    }
    [[nodiscard]] bool full() {
        const std::lock_guard lock(m_mutex);
        return m_jobs.size() >= m_limit;
    }
    [[nodiscard]] bool empty() {
        const std::lock_guard lock(m_mutex);
        return m_jobs.empty();
    }
    /// The oldest piece's result; waits for it.
    std::vector<std::byte> take() {
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [this] { return m_jobs.front().state == Job::State::done; });
        auto data = std::move(m_jobs.front().data);
        m_jobs.pop_front();
        return data;
    }

  private:
    struct Job {
        enum class State : std::uint8_t { waiting, running, done };
        State state = State::waiting;
        std::vector<std::byte> data;
    };

    /// The oldest piece that nobody works on. References into a deque outlast pushes and pops at
    /// its ends.
    Job* waiting() {
        for (Job& job : m_jobs)
            if (job.state == Job::State::waiting) return &job;
        return nullptr;
    }

    void run(const std::stop_token& stop, int level) {
        Deflater deflater(level);
        std::unique_lock lock(m_mutex);
        Job* job = nullptr;
        while (m_changed.wait(lock, stop, [&] { return (job = waiting()) != nullptr; })) {
            job->state = Job::State::running;
            lock.unlock();
            auto result = deflater.deflate(job->data);
            lock.lock();
            job->data = std::move(result);
            job->state = Job::State::done;
            m_changed.notify_all();
        }
    }

    std::size_t m_limit;
    std::mutex m_mutex;
    std::condition_variable_any m_changed;
    std::deque<Job> m_jobs;
    std::vector<std::jthread> m_threads; ///< last: stopped and joined before the rest goes
};

class Writer final : public PieceSink {
  public:
    Writer(int level, unsigned threads, ByteSink& out)
        : PieceSink(piece_size), m_level(level), m_threads(threads), m_deflater(level), m_out(out) {
    }

  protected:
    Status piece(std::vector<std::byte>& bytes, bool last) override;

  private:
    Status put(std::span<const std::byte> bytes) { return m_out.write(bytes); }
    Status trailer();

    int m_level;
    unsigned m_threads;
    Deflater m_deflater;
    ByteSink& m_out;
    std::unique_ptr<Workers> m_workers; ///< from the second piece on: small layers start no thread
    bool m_begun = false;
    std::uint32_t m_crc = 0;
    std::uint32_t m_size = 0; ///< modulo 2^32, as the trailer has it
};

Status Writer::piece(std::vector<std::byte>& bytes, bool last) {
    if (!m_begun) TRY(put(std::as_bytes(std::span(header))));
    const bool first = !std::exchange(m_begun, true);
    m_crc = ::crc32_gzip_refl(m_crc, reinterpret_cast<const unsigned char*>(bytes.data()),
                              bytes.size());
    m_size += static_cast<std::uint32_t>(bytes.size());
    if (!first && !last && m_threads > 1 && m_workers == nullptr)
        m_workers = std::make_unique<Workers>(m_level, m_threads);
    if (m_workers != nullptr) {
        if (!bytes.empty()) m_workers->add(std::exchange(bytes, {}));
        while (last ? !m_workers->empty() : m_workers->full())
            TRY(put(m_workers->take()));
    } else if (!bytes.empty()) {
        TRY(put(m_deflater.deflate(bytes)));
    }
    return last ? trailer() : Status();
}

Status Writer::trailer() {
    TRY(put(std::as_bytes(std::span(last_block))));
    std::array<std::byte, 8> end{};
    for (unsigned i = 0; i < 4; ++i) {
        end[i] = static_cast<std::byte>(m_crc >> (8 * i));
        end[4 + i] = static_cast<std::byte>(m_size >> (8 * i));
    }
    return put(end);
}

} // namespace

std::unique_ptr<CompressSink> make_gzip(int level, unsigned threads, ByteSink& out) {
    return std::make_unique<Writer>(level, threads, out);
}

} // namespace mybuild::codec
