#include <arm_neon.h>

#include "kernels/column_gemv/column_gemv.h"

// Four columns are taken together: their bytes interleaved to four of a row, SDOT with the four values adds
// them to a 32-bit sum per row. Half a block of 128 rows has 16 registers of sums, which go through 32
// columns before they are stored: 20 KiB of a model's columns in the first-level cache. Meanwhile the next 32
// are asked for, as the list says and no hardware can know.
namespace bitnet {
namespace {

constexpr size_t kBlockBytes = 32;
constexpr size_t kHalfBytes = 16;
constexpr size_t kLineBytes = 64;
constexpr size_t kColumnsTogether = 32;

int8x16_t Signed(uint8x16_t codes) { return vreinterpretq_s8_u8(codes); }

int8x16_t BroadcastFour(const int8_t* values) {
  int32_t four;
  __builtin_memcpy(&four, values, sizeof(four));
  return vreinterpretq_s8_s32(vdupq_n_s32(four));
}

// quads[q] has rows 4q .. 4q + 3 of 16.
void Interleave(const uint8x16_t* columns, uint8x16_t* quads) {
  const uint16x8_t low01 = vreinterpretq_u16_u8(vzip1q_u8(columns[0], columns[1]));
  const uint16x8_t high01 = vreinterpretq_u16_u8(vzip2q_u8(columns[0], columns[1]));
  const uint16x8_t low23 = vreinterpretq_u16_u8(vzip1q_u8(columns[2], columns[3]));
  const uint16x8_t high23 = vreinterpretq_u16_u8(vzip2q_u8(columns[2], columns[3]));
  quads[0] = vreinterpretq_u8_u16(vzip1q_u16(low01, low23));
  quads[1] = vreinterpretq_u8_u16(vzip2q_u16(low01, low23));
  quads[2] = vreinterpretq_u8_u16(vzip1q_u16(high01, high23));
  quads[3] = vreinterpretq_u8_u16(vzip2q_u16(high01, high23));
}

// Some neighbours in the list, and those after them.
struct Columns {
  const uint32_t* columns;
  const int8_t* values;
  size_t count;       // A multiple of 4.
  size_t next_count;  // At most `count`.
};

// `at` is where half a block begins in a column; `sums` are its rows', those of a plane 32 apart.
void AddHalf(const Columns& list, const uint8_t* w, size_t column_bytes, size_t at, int32_t* sums) {
  const uint8x16_t mask = vdupq_n_u8(0x03);
  w += at;
  int32x4_t planes[4][4];  // [plane][q]
#pragma GCC unroll 8
  for (size_t plane = 0; plane < 4; ++plane) {
#pragma GCC unroll 8
    for (size_t q = 0; q < 4; ++q) planes[plane][q] = vld1q_s32(sums + kBlockBytes * plane + 4 * q);
  }
  const size_t prefetches = at % kLineBytes == 0 ? list.next_count : 0;
  for (size_t i = 0; i < list.count; i += kColumnGroup) {
    uint8x16_t columns[4];
#pragma GCC unroll 8
    for (size_t c = 0; c < 4; ++c) {
      columns[c] = vld1q_u8(w + list.columns[i + c] * column_bytes);
      if (i < prefetches) __builtin_prefetch(w + list.columns[list.count + i + c] * column_bytes);
    }
    const int8x16_t values = BroadcastFour(list.values + i);
    uint8x16_t quads[4];
    Interleave(columns, quads);
#pragma GCC unroll 8
    for (int q = 0; q < 4; ++q) {
      const uint8x16_t codes = quads[q];
      planes[0][q] = vdotq_s32(planes[0][q], Signed(vandq_u8(codes, mask)), values);
      planes[1][q] = vdotq_s32(planes[1][q], Signed(vandq_u8(vshrq_n_u8(codes, 2), mask)), values);
      planes[2][q] = vdotq_s32(planes[2][q], Signed(vandq_u8(vshrq_n_u8(codes, 4), mask)), values);
      planes[3][q] = vdotq_s32(planes[3][q], Signed(vshrq_n_u8(codes, 6)), values);
    }
  }
#pragma GCC unroll 8
  for (size_t plane = 0; plane < 4; ++plane) {
#pragma GCC unroll 8
    for (size_t q = 0; q < 4; ++q) vst1q_s32(sums + kBlockBytes * plane + 4 * q, planes[plane][q]);
  }
}

size_t Least(size_t a, size_t b) { return a < b ? a : b; }

}  // namespace

void ColumnGemvArmNeonDot(const ColumnGemvArgs& args) {
  const size_t column_bytes = PackedColumnBytes(args.rows);
  for (size_t i = 0; i < args.num_columns;) {
    const size_t count = Least(args.num_columns - i, kColumnsTogether);
    const size_t next_count = Least(args.num_columns - i - count, count);
    const Columns list = {args.columns + i, args.values + i, count, next_count};
    for (size_t at = 0; at < column_bytes; at += kBlockBytes) {
      AddHalf(list, args.w, column_bytes, at, args.sums + 4 * at);
      AddHalf(list, args.w, column_bytes, at + kHalfBytes, args.sums + 4 * at + kHalfBytes);
    }
    i += count;
  }
}

}  // namespace bitnet
