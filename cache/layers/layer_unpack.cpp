#include "cache/layers/layer_unpack.hpp"

#include "base/fs.hpp"
#include "cache/layers/pipes.hpp"
#include "image/byte_stream_io.hpp"
#include "image/compress.hpp"

#include <fmt/format.h>

#include <cerrno>

namespace mybuild {
namespace {

constexpr const char* root_name = "tree";

/// What a layer may grow to when it is decompressed: gzip cannot do better than 1032 to 1, and no
/// real layer comes near; the constant leaves room for small ones of zeros.
std::uint64_t allowed_size(std::uint64_t compressed) {
    constexpr std::uint64_t ratio = 1100;
    constexpr std::uint64_t always = 4ULL << 30U;
    constexpr std::uint64_t most = 1ULL << 40U;
    return std::min(most, always + ratio * std::min(compressed, most / ratio));
}

/// Ends a stream that grows beyond all measure, or that nobody wants any more.
class Bounded final : public ByteSource {
  public:
    Bounded(ByteSource& inner, std::uint64_t limit, std::stop_token stop)
        : m_inner(inner), m_limit(limit), m_stop(std::move(stop)) {}
    Result<std::size_t> read(std::span<std::byte> out) override {
        if (m_stop.stop_requested()) return fail({ErrorCode::cancelled, "unpacking was cancelled"});
        TRY_ASSIGN(const auto count, m_inner.read(out));
        m_count += count;
        if (m_count > m_limit)
            return fail(
                {ErrorCode::invalid, fmt::format("it expands to more than {} bytes", m_limit)});
        return count;
    }

  private:
    ByteSource& m_inner;
    std::uint64_t m_limit;
    std::uint64_t m_count = 0;
    std::stop_token m_stop;
};

Status read_to_end(ByteSource& source) {
    std::vector<std::byte> buffer(64 * 1024);
    for (;;) {
        TRY_ASSIGN(const auto count, source.read(buffer));
        if (count == 0) return {};
    }
}

} // namespace

LayerUnpack::LayerUnpack(WorkSpace space, Fd root, const StageView* below, std::stop_token stop)
    : m_space(std::move(space)), m_root(std::move(root)), m_stop(std::move(stop)),
      m_unpacker(m_root.get(), below, m_stop) {}

Result<std::unique_ptr<LayerUnpack>> LayerUnpack::run(Store& store, TreeTrash& trash,
                                                      LayerFile from, const Digest& diff_id,
                                                      const StageView* below,
                                                      std::stop_token stop) {
    TRY_ASSIGN(auto space, WorkSpace::create(store, trash));
    TRY_ASSIGN(auto root, space.make_root(root_name));
    std::unique_ptr<LayerUnpack> unpack(
        new LayerUnpack(std::move(space), std::move(root), below, std::move(stop)));
    auto name = from.name;
    if (auto done = unpack->read(std::move(from), diff_id); !done)
        return fail(std::move(done).error().in(name));
    return unpack;
}

Status LayerUnpack::read(LayerFile from, const Digest& diff_id) {
    struct stat info {};
    if (::fstat(from.file.get(), &info) != 0) return fail(errno_error("cannot stat", errno));
    const auto limit = allowed_size(static_cast<std::uint64_t>(info.st_size));

    FdSource bytes(std::move(from.file), from.name);
    TRY_ASSIGN(const auto plain, make_decompressor(bytes));
    Bounded bounded(*plain, limit, m_stop);
    HashingSource hashing(bounded);
    ReadAhead ahead(hashing); // the last one: it is destroyed, and its thread gone, first
    TRY(m_unpacker.unpack(ahead, {.max_bytes = limit}));
    TRY(read_to_end(ahead)); // what follows the end mark belongs to the diff id
    m_tar_size = hashing.count();
    if (const auto found = hashing.finish(); found != diff_id)
        return fail({ErrorCode::corrupt, fmt::format("its diff id is {}, but it should be {}",
                                                     found.str(), diff_id.str())});
    return {};
}

Result<std::string> LayerUnpack::keep() {
    auto name = fs::random_name(8);
    TRY(m_space.move_out(root_name, "trees/" + name));
    return name;
}

} // namespace mybuild
