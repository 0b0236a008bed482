#include <immintrin.h>

#include "kernels/column_gemv/column_gemv.h"

// Four columns are taken together: their bytes interleaved to four of a row, VPDPBUSD with the four values
// adds them to a 32-bit sum per row. Two blocks of 128 rows have 16 registers of sums, which go through 32
// columns before they are added to those in memory: 20 KiB of a model's columns in the first-level cache.
// Meanwhile the next 32 are asked for, as the list says and no hardware can know.
namespace bitnet {
namespace {

constexpr size_t kBlockBytes = 32;
constexpr size_t kPairBytes = 2 * kBlockBytes;
constexpr size_t kColumnsTogether = 32;

__m512i BroadcastFour(const int8_t* values) {
  int four;
  __builtin_memcpy(&four, values, sizeof(four));
  return _mm512_set1_epi32(four);
}

void Prefetch(const uint8_t* line) { _mm_prefetch(reinterpret_cast<const char*>(line), _MM_HINT_T0); }

// Of the last block of an odd number the upper half is zeros, which add nothing.
__m512i LoadBlocks(const uint8_t* w, bool both) {
  return both ? _mm512_loadu_si512(w)
              : _mm512_inserti64x4(_mm512_setzero_si512(),
                                   _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w)), 0);
}

// Interleaves within the quarters of a register, each the bytes of 16 neighbouring rows: of these, quads[q]
// has rows 4q .. 4q + 3.
void Interleave(const __m512i* columns, __m512i* quads) {
  const __m512i low01 = _mm512_unpacklo_epi8(columns[0], columns[1]);
  const __m512i high01 = _mm512_unpackhi_epi8(columns[0], columns[1]);
  const __m512i low23 = _mm512_unpacklo_epi8(columns[2], columns[3]);
  const __m512i high23 = _mm512_unpackhi_epi8(columns[2], columns[3]);
  quads[0] = _mm512_unpacklo_epi16(low01, low23);
  quads[1] = _mm512_unpackhi_epi16(low01, low23);
  quads[2] = _mm512_unpacklo_epi16(high01, high23);
  quads[3] = _mm512_unpackhi_epi16(high01, high23);
}

// From quarters of 16 rows spread over four registers to one register each.
void GatherQuarters(const __m512i* quads, __m512i* quarters) {
  const __m512i even01 = _mm512_shuffle_i32x4(quads[0], quads[1], 0x88);
  const __m512i odd01 = _mm512_shuffle_i32x4(quads[0], quads[1], 0xdd);
  const __m512i even23 = _mm512_shuffle_i32x4(quads[2], quads[3], 0x88);
  const __m512i odd23 = _mm512_shuffle_i32x4(quads[2], quads[3], 0xdd);
  quarters[0] = _mm512_shuffle_i32x4(even01, even23, 0x88);
  quarters[1] = _mm512_shuffle_i32x4(odd01, odd23, 0x88);
  quarters[2] = _mm512_shuffle_i32x4(even01, even23, 0xdd);
  quarters[3] = _mm512_shuffle_i32x4(odd01, odd23, 0xdd);
}

void AddTo(__m512i sums, int32_t* totals) {
  _mm512_storeu_si512(totals, _mm512_add_epi32(_mm512_loadu_si512(totals), sums));
}

// Some neighbours in the list, and those after them.
struct Columns {
  const uint32_t* columns;
  const int8_t* values;
  size_t count;       // A multiple of 4.
  size_t next_count;  // At most `count`.
};

// `at` is where the blocks begin in a column; `sums` are their rows'.
void AddBlocks(const Columns& list, const uint8_t* w, size_t column_bytes, size_t at, int32_t* sums) {
  const __m512i mask = _mm512_set1_epi8(0x03);
  const bool both = at + kPairBytes <= column_bytes;
  w += at;
  __m512i planes[4][4];  // [plane][q]
#pragma GCC unroll 8
  for (auto& plane : planes) {
#pragma GCC unroll 8
    for (__m512i& sum : plane) sum = _mm512_setzero_si512();
  }
  for (size_t i = 0; i < list.count; i += kColumnGroup) {
    __m512i columns[4];
#pragma GCC unroll 8
    for (size_t c = 0; c < 4; ++c) {
      columns[c] = LoadBlocks(w + list.columns[i + c] * column_bytes, both);
      if (i < list.next_count) Prefetch(w + list.columns[list.count + i + c] * column_bytes);
    }
    const __m512i values = BroadcastFour(list.values + i);
    __m512i quads[4];
    Interleave(columns, quads);
#pragma GCC unroll 8
    for (auto& plane : planes) {
#pragma GCC unroll 8
      for (int q = 0; q < 4; ++q) {
        plane[q] = _mm512_dpbusd_epi32(plane[q], _mm512_and_si512(quads[q], mask), values);
        quads[q] = _mm512_srli_epi16(quads[q], 2);
      }
    }
  }
#pragma GCC unroll 8
  for (auto& plane : planes) {
    __m512i quarters[4];
    GatherQuarters(plane, quarters);
    AddTo(quarters[0], sums);
    AddTo(quarters[1], sums + 16);
    if (both) {
      AddTo(quarters[2], sums + kColumnBlockRows);
      AddTo(quarters[3], sums + kColumnBlockRows + 16);
    }
    sums += kBlockBytes;
  }
}

size_t Least(size_t a, size_t b) { return a < b ? a : b; }

}  // namespace

void ColumnGemvX86Avx512Vnni(const ColumnGemvArgs& args) {
  const size_t column_bytes = PackedColumnBytes(args.rows);
  for (size_t i = 0; i < args.num_columns;) {
    const size_t count = Least(args.num_columns - i, kColumnsTogether);
    const size_t next_count = Least(args.num_columns - i - count, count);
    const Columns list = {args.columns + i, args.values + i, count, next_count};
    for (size_t at = 0; at < column_bytes; at += kPairBytes) {
      AddBlocks(list, args.w, column_bytes, at, args.sums + 4 * at);
    }
    i += count;
  }
}

}  // namespace bitnet
