#include "image/compress_codecs.hpp"

#include <zstd.h>

#include <new>

namespace mybuild::codec {

namespace {

constexpr int max_window_log = 27; // 128 MiB: what the largest level without --ultra needs
constexpr std::size_t piece_size = 1024 * 1024;

struct FreeReader {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};
struct FreeWriter {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

class Reader final : public PieceReader {
  public:
    Reader(std::unique_ptr<ByteSource> in, std::unique_ptr<ZSTD_DCtx, FreeReader> context)
        : m_in(std::move(in)), m_context(std::move(context)), m_buffer(ZSTD_DStreamInSize()) {}
    [[nodiscard]] Compression compression() const override { return Compression::zstd; }
    [[nodiscard]] bool is_whole() const override { return m_has_frame && !m_in_frame; }

  protected:
    Result<std::size_t> some(std::span<std::byte> out) override;

  private:
    std::unique_ptr<ByteSource> m_in;
    std::unique_ptr<ZSTD_DCtx, FreeReader> m_context;
    std::vector<std::byte> m_buffer;
    ZSTD_inBuffer m_ready{};
    bool m_in_frame = false;  ///< a frame is not complete yet
    bool m_has_frame = false; ///< the first one was begun
    bool m_in_ended = false;  ///< the source has no more
};

Result<std::size_t> Reader::some(std::span<std::byte> out) {
    ZSTD_outBuffer target{out.data(), out.size(), 0};
    while (target.pos == 0) {
        if (m_ready.pos == m_ready.size && !m_in_ended) {
            TRY_ASSIGN(const auto count, m_in->read(m_buffer));
            m_ready = {m_buffer.data(), count, 0};
            m_in_ended = count == 0;
        }
        // Without input there may still be output that did not fit before.
        if (m_in_ended && !m_in_frame) break;
        const std::size_t status = ZSTD_decompressStream(m_context.get(), &target, &m_ready);
        if (ZSTD_isError(status))
            return fail(damaged(Compression::zstd, ZSTD_getErrorName(status)));
        m_in_frame = status != 0;
        m_has_frame = true;
        if (m_in_ended && m_in_frame && target.pos == 0)
            return fail(damaged(Compression::zstd, "it ends too early"));
    }
    return target.pos;
}

class Writer final : public PieceSink {
  public:
    Writer(std::unique_ptr<ZSTD_CCtx, FreeWriter> context, ByteSink& out)
        : PieceSink(piece_size), m_context(std::move(context)), m_out(out),
          m_buffer(ZSTD_CStreamOutSize()) {}

  protected:
    Status piece(std::vector<std::byte>& bytes, bool last) override;

  private:
    std::unique_ptr<ZSTD_CCtx, FreeWriter> m_context;
    ByteSink& m_out;
    std::vector<std::byte> m_buffer;
};

Status Writer::piece(std::vector<std::byte>& bytes, bool last) {
    // A last piece goes in first and is ended then: were the first call the last one, zstd would
    // know the size and choose other parameters.
    for (const auto mode : {ZSTD_e_continue, ZSTD_e_end}) {
        if (mode == ZSTD_e_end && !last) break;
        ZSTD_inBuffer input{bytes.data(), mode == ZSTD_e_end ? 0 : bytes.size(), 0};
        for (bool done = false; !done;) {
            ZSTD_outBuffer output{m_buffer.data(), m_buffer.size(), 0};
            const auto left = ZSTD_compressStream2(m_context.get(), &output, &input, mode);
            if (ZSTD_isError(left)) {
                return fail(Error{.message = std::string("zstd cannot compress: ") +
                                             ZSTD_getErrorName(left)});
            }
            if (output.pos > 0) TRY(m_out.write(std::span(m_buffer).first(output.pos)));
            done = mode == ZSTD_e_end ? left == 0 : input.pos == input.size;
        }
    }
    return {};
}

} // namespace

Result<std::unique_ptr<DecompressSource>> unzstd(std::unique_ptr<ByteSource> in) {
    std::unique_ptr<ZSTD_DCtx, FreeReader> context(ZSTD_createDCtx());
    if (context == nullptr) throw std::bad_alloc();
    const auto status = ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, max_window_log);
    if (ZSTD_isError(status)) return fail(Error{.message = ZSTD_getErrorName(status)});
    return std::make_unique<Reader>(std::move(in), std::move(context));
}

Result<std::unique_ptr<CompressSink>> make_zstd(int level, ByteSink& out) {
    std::unique_ptr<ZSTD_CCtx, FreeWriter> context(ZSTD_createCCtx());
    if (context == nullptr) throw std::bad_alloc();
    for (const auto& [parameter, value] :
         {std::pair{ZSTD_c_compressionLevel, level}, std::pair{ZSTD_c_checksumFlag, 1},
          std::pair{ZSTD_c_contentSizeFlag, 0}}) {
        const auto status = ZSTD_CCtx_setParameter(context.get(), parameter, value);
        if (ZSTD_isError(status)) return fail(Error{.message = ZSTD_getErrorName(status)});
    }
    return std::make_unique<Writer>(std::move(context), out);
}

} // namespace mybuild::codec
