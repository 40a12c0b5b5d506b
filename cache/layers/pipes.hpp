#pragma once

#include "base/digest.hpp"
#include "image/byte_stream.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

/// Streams that work on two processors at once. Each starts its thread only when there is more than
/// one block: starting one costs as much as hashing 50 KB, and most layers of a step are smaller.
namespace mybuild {

/// Blocks on their way from one thread to another; at most a few, so that the faster side waits.
class BlockQueue {
  public:
    using Block = std::vector<std::byte>;
    /// False when the other side has gone away.
    bool push(Block block);
    /// Nothing at the end.
    std::optional<Block> pop();
    /// No more blocks will be pushed; those that are there are still popped.
    void finish();
    /// Nobody will pop any more, or what was pushed is of no use.
    void cancel();
    /// An emptied block to be filled again, or a new one.
    Block recycled();
    void recycle(Block block);

  private:
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::deque<Block> m_blocks;
    std::vector<Block> m_empty;
    bool m_finished = false;
    bool m_cancelled = false;
};

/// Hashes on another thread what is written; counts it.
class BackgroundHash final : public ByteSink {
  public:
    BackgroundHash() = default;
    ~BackgroundHash() override;
    Status write(std::span<const std::byte> bytes) override;
    /// Waits for the rest. Call it once, last.
    [[nodiscard]] Digest finish();
    [[nodiscard]] std::uint64_t count() const { return m_count; }

  private:
    void hand_over();

    Sha256 m_hash; // the thread's while there is one
    BlockQueue::Block m_block;
    std::uint64_t m_count = 0;
    BlockQueue m_queue;
    std::jthread m_thread;
};

/// Reads ahead on another thread, which makes whatever `inner` does (reading, decompressing,
/// hashing) happen at the same time as what is done with the bytes. `inner` is used by that thread
/// alone until this object is destroyed or has said that its end is reached.
class ReadAhead final : public ByteSource {
  public:
    explicit ReadAhead(ByteSource& inner) : m_inner(inner) {}
    ~ReadAhead() override;
    Result<std::size_t> read(std::span<std::byte> out) override;

  private:
    void run();
    /// False at the end.
    Result<bool> next_block();

    ByteSource& m_inner;
    BlockQueue::Block m_block;
    std::size_t m_at = 0;
    bool m_end = false;
    std::optional<Error> m_error; // written by the thread before it finishes the queue
    BlockQueue m_queue;
    std::jthread m_thread;
};

/// Writes everything twice.
class TeeSink final : public ByteSink {
  public:
    TeeSink(ByteSink& first, ByteSink& second) : m_first(first), m_second(second) {}
    Status write(std::span<const std::byte> bytes) override {
        TRY(m_first.write(bytes));
        return m_second.write(bytes);
    }

  private:
    ByteSink& m_first;
    ByteSink& m_second;
};

} // namespace mybuild
