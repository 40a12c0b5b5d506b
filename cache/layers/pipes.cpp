#include "cache/layers/pipes.hpp"

#include <algorithm>
#include <cstring>

namespace mybuild {
namespace {

constexpr std::size_t block_size = 256 * 1024; // fits a second-level cache with some to spare
constexpr std::size_t max_blocks = 4;

} // namespace

bool BlockQueue::push(Block block) {
    std::unique_lock lock(m_mutex);
    m_changed.wait(lock, [&] { return m_blocks.size() < max_blocks || m_cancelled; });
    if (m_cancelled) return false;
    m_blocks.push_back(std::move(block));
    m_changed.notify_all();
    return true;
}

std::optional<BlockQueue::Block> BlockQueue::pop() {
    std::unique_lock lock(m_mutex);
    m_changed.wait(lock, [&] { return !m_blocks.empty() || m_finished || m_cancelled; });
    if (m_blocks.empty() || m_cancelled) return std::nullopt;
    auto block = std::move(m_blocks.front());
    m_blocks.pop_front();
    m_changed.notify_all();
    return block;
}

void BlockQueue::finish() {
    const std::lock_guard lock(m_mutex);
    m_finished = true;
    m_changed.notify_all();
}

void BlockQueue::cancel() {
    const std::lock_guard lock(m_mutex);
    m_cancelled = true;
    m_changed.notify_all();
}

BlockQueue::Block BlockQueue::recycled() {
    const std::lock_guard lock(m_mutex);
    if (m_empty.empty()) return {};
    auto block = std::move(m_empty.back());
    m_empty.pop_back();
    return block;
}

void BlockQueue::recycle(Block block) {
    const std::lock_guard lock(m_mutex);
    m_empty.push_back(std::move(block));
}

BackgroundHash::~BackgroundHash() {
    m_queue.cancel();
}

void BackgroundHash::hand_over() {
    if (!m_thread.joinable()) {
        m_thread = std::jthread([this] {
            while (auto block = m_queue.pop()) {
                m_hash.update(*block);
                block->clear();
                m_queue.recycle(std::move(*block));
            }
        });
    }
    m_queue.push(std::move(m_block));
    m_block = m_queue.recycled();
}

Status BackgroundHash::write(std::span<const std::byte> bytes) {
    m_count += bytes.size();
    while (!bytes.empty()) {
        m_block.reserve(block_size);
        const auto room = std::min(bytes.size(), block_size - m_block.size());
        m_block.insert(m_block.end(), bytes.begin(),
                       bytes.begin() + static_cast<std::ptrdiff_t>(room));
        bytes = bytes.subspan(room);
        if (m_block.size() == block_size) hand_over();
    }
    return {};
}

Digest BackgroundHash::finish() {
    if (m_thread.joinable()) {
        if (!m_block.empty()) m_queue.push(std::move(m_block));
        m_queue.finish();
        m_thread.join();
    } else {
        m_hash.update(m_block);
    }
    m_block.clear();
    return m_hash.finish();
}

ReadAhead::~ReadAhead() {
    m_queue.cancel();
}

void ReadAhead::run() {
    for (;;) {
        auto block = m_queue.recycled();
        block.resize(block_size);
        const auto count = m_inner.read(block);
        if (!count) {
            m_error = count.error();
            break;
        }
        if (*count == 0) break;
        block.resize(*count);
        if (!m_queue.push(std::move(block))) return;
    }
    m_queue.finish();
}

Result<bool> ReadAhead::next_block() {
    if (m_end) return false;
    if (m_thread.joinable()) {
        m_queue.recycle(std::move(m_block));
        if (auto block = m_queue.pop()) {
            m_block = std::move(*block);
            m_at = 0;
            return true;
        }
        m_block.clear(); // moved away
        m_at = 0;
        m_thread.join();
        m_end = true;
        if (m_error) return fail(*m_error);
        return false;
    }
    // The first block is read here; a thread is worth it only where it was a full one.
    m_block.resize(block_size);
    TRY_ASSIGN(const auto count, m_inner.read(m_block));
    m_block.resize(count);
    m_at = 0;
    if (count == block_size) m_thread = std::jthread([this] { run(); });
    return count > 0;
}

Result<std::size_t> ReadAhead::read(std::span<std::byte> out) {
    std::size_t filled = 0;
    while (filled < out.size()) {
        if (m_at == m_block.size()) {
            TRY_ASSIGN(const bool more, next_block());
            if (!more) break;
        }
        const auto count = std::min(out.size() - filled, m_block.size() - m_at);
        std::memcpy(out.data() + filled, m_block.data() + m_at, count);
        filled += count;
        m_at += count;
    }
    return filled;
}

} // namespace mybuild
