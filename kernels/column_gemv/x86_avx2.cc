#include <immintrin.h>

#include "kernels/column_gemv/column_gemv.h"

// Two columns are taken together: their bytes interleaved, VPMADDUBSW with the pair of values adds both to a
// 16-bit sum per row. A block of 128 rows has 8 registers of sums, which go through 16 columns before they
// are added to the 32-bit ones: 10 KiB of a model's column in the first-level cache. Meanwhile the next 16
// are asked for, as the list says and no hardware can know.
namespace bitnet {
namespace {

constexpr size_t kBlockBytes = 32;
constexpr size_t kLineBytes = 64;
// A pair adds at most 2 products of 2 * 127 or 2 * -128, -512 .. 508 to a 16-bit sum: 8 pairs are far from
// its end. 32 columns, which leave the cache to no one else, were slower by a tenth.
constexpr size_t kColumnsTogether = 16;

__m256i Load(const void* at) { return _mm256_loadu_si256(static_cast<const __m256i*>(at)); }

void Prefetch(const uint8_t* line) { _mm_prefetch(reinterpret_cast<const char*>(line), _MM_HINT_T0); }

__m256i BroadcastPair(const int8_t* values) {
  short pair;
  __builtin_memcpy(&pair, values, sizeof(pair));
  return _mm256_set1_epi16(pair);
}

// Adds the eight 16-bit sums of one half of a register to those of 8 neighbouring rows.
void Widen(__m128i sums, int32_t* totals) {
  auto* at = reinterpret_cast<__m256i*>(totals);
  _mm256_storeu_si256(at, _mm256_add_epi32(_mm256_loadu_si256(at), _mm256_cvtepi16_epi32(sums)));
}

// Some neighbours in the list, and those after them.
struct Columns {
  const uint32_t* columns;
  const int8_t* values;
  size_t count;       // A multiple of 2.
  size_t next_count;  // At most `count`.
};

// `at` is where the block begins in a column; `sums` are its rows'.
void AddBlock(const Columns& list, const uint8_t* w, size_t column_bytes, size_t at, int32_t* sums) {
  const __m256i mask = _mm256_set1_epi8(0x03);
  w += at;
  __m256i low_sums[4];   // By plane: rows 0-7 and 16-23 of the 32,
  __m256i high_sums[4];  // rows 8-15 and 24-31.
#pragma GCC unroll 8
  for (int plane = 0; plane < 4; ++plane) low_sums[plane] = high_sums[plane] = _mm256_setzero_si256();
  const size_t prefetches = at % kLineBytes == 0 ? list.next_count : 0;
  for (size_t i = 0; i < list.count; i += 2) {
    if (i < prefetches) {
      Prefetch(w + list.columns[list.count + i] * column_bytes);
      Prefetch(w + list.columns[list.count + i + 1] * column_bytes);
    }
    const __m256i first = Load(w + list.columns[i] * column_bytes);
    const __m256i second = Load(w + list.columns[i + 1] * column_bytes);
    const __m256i pair = BroadcastPair(list.values + i);
    __m256i low = _mm256_unpacklo_epi8(first, second);
    __m256i high = _mm256_unpackhi_epi8(first, second);
#pragma GCC unroll 8
    for (int plane = 0; plane < 4; ++plane) {
      low_sums[plane] =
          _mm256_add_epi16(low_sums[plane], _mm256_maddubs_epi16(_mm256_and_si256(low, mask), pair));
      high_sums[plane] =
          _mm256_add_epi16(high_sums[plane], _mm256_maddubs_epi16(_mm256_and_si256(high, mask), pair));
      low = _mm256_srli_epi16(low, 2);
      high = _mm256_srli_epi16(high, 2);
    }
  }
#pragma GCC unroll 8
  for (size_t plane = 0; plane < 4; ++plane) {
    int32_t* rows = sums + kBlockBytes * plane;
    Widen(_mm256_castsi256_si128(low_sums[plane]), rows);
    Widen(_mm256_castsi256_si128(high_sums[plane]), rows + 8);
    Widen(_mm256_extracti128_si256(low_sums[plane], 1), rows + 16);
    Widen(_mm256_extracti128_si256(high_sums[plane], 1), rows + 24);
  }
}

size_t Least(size_t a, size_t b) { return a < b ? a : b; }

}  // namespace

void ColumnGemvX86Avx2(const ColumnGemvArgs& args) {
  const size_t column_bytes = PackedColumnBytes(args.rows);
  for (size_t i = 0; i < args.num_columns;) {
    const size_t count = Least(args.num_columns - i, kColumnsTogether);
    const size_t next_count = Least(args.num_columns - i - count, count);
    const Columns list = {args.columns + i, args.values + i, count, next_count};
    for (size_t at = 0; at < column_bytes; at += kBlockBytes) {
      AddBlock(list, args.w, column_bytes, at, args.sums + 4 * at);
    }
    i += count;
  }
}

}  // namespace bitnet
