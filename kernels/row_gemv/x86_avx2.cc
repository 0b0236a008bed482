#include <immintrin.h>

#include "kernels/row_gemv/row_gemv.h"

// A block of a row is one register: plane p (bits 2p+1:2p of each byte) holds the codes of 32 neighbouring k,
// and VPMADDUBSW with those x adds pairs of them. One row at a time: several were no faster, as what takes
// time is to find a row in memory.
namespace bitnet {
namespace {

constexpr size_t kBlockBytes = 32;
constexpr size_t kLineBytes = 64;
// A plane adds at most 2 products of 2 * 127 or 2 * -128 to a 16-bit sum, a block four planes: -2048 .. 2032.
// 16 blocks reach -32768 .. 32512, just within int16.
constexpr size_t kBlocksPerWidening = 16;
// A row of a model is some twenty blocks, less than memory's latency: those to come are asked for meanwhile,
// as the list says and no hardware can know.
constexpr size_t kRowsAhead = 3;

__m256i Load(const void* at) { return _mm256_loadu_si256(static_cast<const __m256i*>(at)); }

void Prefetch(const uint8_t* w) { _mm_prefetch(reinterpret_cast<const char*>(w), _MM_HINT_T0); }

int32_t Total(__m256i sums) {
  __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1));
  return _mm_cvtsi128_si32(sum);
}

// `next` is a row to fetch meanwhile.
int32_t CodesTimes(size_t k, const uint8_t* w, const uint8_t* next, const int8_t* x) {
  const __m256i mask = _mm256_set1_epi8(0x03);
  const __m256i ones = _mm256_set1_epi16(1);
  const size_t row_bytes = PackedRowBytes(k);
  __m256i totals = _mm256_setzero_si256();
  for (size_t at = 0; at < row_bytes;) {
    const size_t step = kBlocksPerWidening * kBlockBytes;
    const size_t end = row_bytes - at < step ? row_bytes : at + step;
    __m256i sums = _mm256_setzero_si256();
    for (; at < end; at += kBlockBytes) {
      if (at % kLineBytes == 0) Prefetch(next + at);
      __m256i codes = Load(w + at);
#pragma GCC unroll 8
      for (int plane = 0; plane < 4; ++plane, x += kBlockBytes) {
        sums = _mm256_add_epi16(sums, _mm256_maddubs_epi16(_mm256_and_si256(codes, mask), Load(x)));
        codes = _mm256_srli_epi16(codes, 2);
      }
    }
    totals = _mm256_add_epi32(totals, _mm256_madd_epi16(sums, ones));
  }
  return Total(totals);
}

}  // namespace

void RowGemvX86Avx2(const RowGemvArgs& args) {
  const size_t row_bytes = PackedRowBytes(args.k);
  for (size_t i = 0; i < args.num_rows; ++i) {
    const size_t row = args.rows[i];
    const size_t next = args.rows[i + kRowsAhead < args.num_rows ? i + kRowsAhead : i];
    const int32_t sum = CodesTimes(args.k, args.w + row * row_bytes, args.w + next * row_bytes, args.x);
    args.y[row] = static_cast<float>(sum - args.x_sum) * args.factor;
  }
}

}  // namespace bitnet
