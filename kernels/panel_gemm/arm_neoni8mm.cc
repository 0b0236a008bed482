#include <arm_neon.h>

#include "kernels/panel_gemm/panel_gemm.h"

// SMMLA multiplies two rows of eight k with two columns of eight k. A panel has 128 bytes for each eight k:
// 16 for each pair of rows, the eight codes of its first row and then those of its second. Four k left over
// have 64 bytes, 4r + i for row r and k offset i, and are multiplied as eight of which the upper four are
// zero.
namespace bitnet {
namespace {

constexpr size_t kRows = 16;
constexpr size_t kRowPairs = kRows / 2;
constexpr size_t kBlockBytes = 64;
constexpr size_t kQuadRows = 4;
constexpr size_t kQuadBytes = 16;    // Of a block: four rows by four bytes. Of a panel: two rows by eight k.
constexpr size_t kEightBytes = 128;  // Of a panel.
// 8 pairs of rows x 2 pairs of columns: 16 sums, 8 codes and 2 x fit the 32 registers. With 3 pairs, which
// would, GCC 12 spills.
constexpr size_t kMaxColumnPairs = 2;

// Four rows of two planes of four k each, at the panel's place for these rows.
void StoreEight(uint8x16_t first_four, uint8x16_t next_four, uint8_t* panel) {
  const uint32x4_t first = vreinterpretq_u32_u8(first_four);
  const uint32x4_t next = vreinterpretq_u32_u8(next_four);
  vst1q_u8(panel, vreinterpretq_u8_u32(vzip1q_u32(first, next)));
  vst1q_u8(panel + 16, vreinterpretq_u8_u32(vzip2q_u32(first, next)));
}

// Codes of kBits each, lowest first.
template <int kBits>
void UnpackBits(size_t k, const uint8_t* w, uint8_t* panel) {
  constexpr size_t kPlanes = 8 / kBits;
  const uint8x16_t mask = vdupq_n_u8((1 << kBits) - 1);
  for (size_t k0 = 0; k0 < k; k0 += 4 * kPlanes, w += kBlockBytes, panel += kPlanes / 2 * kEightBytes) {
    for (size_t q = 0; q < kRows / kQuadRows; ++q) {
      uint8x16_t codes = vld1q_u8(w + q * kQuadBytes);
#pragma GCC unroll 8
      for (size_t eight = 0; eight < kPlanes / 2; ++eight) {
        StoreEight(vandq_u8(codes, mask), vandq_u8(vshrq_n_u8(codes, kBits), mask),
                   panel + eight * kEightBytes + 2 * q * kQuadBytes);
        codes = vshrq_n_u8(codes, 2 * kBits);
      }
    }
  }
}

constexpr size_t kDigits = 5;

// The digits + 1, first one first: see base3_gemm.h, and base3_gemm/arm_neondot.cc for the thresholds.
void Digits(const uint8_t* w, uint8x16_t* digits) {
  int8x16_t bytes = vreinterpretq_s8_u8(vld1q_u8(w));
#pragma GCC unroll 8
  for (size_t d = 0; d < kDigits; ++d) {
    // A comparison that holds is -1.
    const uint8x16_t negative = vcltq_s8(bytes, vdupq_n_s8(-42));
    const uint8x16_t positive = vcgtq_s8(bytes, vdupq_n_s8(42));
    digits[d] = vsubq_u8(vaddq_u8(vdupq_n_u8(1), negative), positive);
    bytes = vmulq_s8(bytes, vdupq_n_s8(3));
  }
}

// Two blocks are five eights; a last one alone is two and a half.
void UnpackBase3(size_t k, const uint8_t* w, uint8_t* panel) {
  constexpr size_t kBlockK = 20;
  size_t k0 = 0;
  for (; k0 + 2 * kBlockK <= k; k0 += 2 * kBlockK, w += 2 * kBlockBytes, panel += kDigits * kEightBytes) {
    for (size_t q = 0; q < kRows / kQuadRows; ++q) {
      uint8x16_t digits[2 * kDigits];
      Digits(w + q * kQuadBytes, digits);
      Digits(w + kBlockBytes + q * kQuadBytes, digits + kDigits);
#pragma GCC unroll 8
      for (size_t eight = 0; eight < kDigits; ++eight) {
        StoreEight(digits[2 * eight], digits[2 * eight + 1],
                   panel + eight * kEightBytes + 2 * q * kQuadBytes);
      }
    }
  }
  if (k0 == k) return;
  for (size_t q = 0; q < kRows / kQuadRows; ++q) {
    uint8x16_t digits[kDigits];
    Digits(w + q * kQuadBytes, digits);
    StoreEight(digits[0], digits[1], panel + 2 * q * kQuadBytes);
    StoreEight(digits[2], digits[3], panel + kEightBytes + 2 * q * kQuadBytes);
    vst1q_u8(panel + 2 * kEightBytes + q * kQuadBytes, digits[4]);
  }
}

int8x16_t LoadCodes(const uint8_t* w) { return vreinterpretq_s8_u8(vld1q_u8(w)); }

int8x16_t LoadFourCodes(const uint8_t* w) {
  return vreinterpretq_s8_u64(vmovl_u32(vreinterpret_u32_u8(vld1_u8(w))));
}

int8x8_t LoadFour(const int8_t* x) {
  uint32_t four;
  __builtin_memcpy(&four, x, sizeof(four));
  return vreinterpret_s8_u64(vdup_n_u64(four));
}

// A pair of rows by a pair of columns; a sum's lanes are first row x first column, first x second, second x
// first and second x second.
template <int kPairs>
using Sums = int32x4_t[kRowPairs][kPairs];

template <int kPairs>
void AddEight(const uint8_t* w, const int8x16_t (&x)[kPairs], Sums<kPairs>& sums) {
#pragma GCC unroll 8
  for (size_t r = 0; r < kRowPairs; ++r) {
    const int8x16_t codes = LoadCodes(w + 16 * r);
#pragma GCC unroll 8
    for (int p = 0; p < kPairs; ++p) sums[r][p] = vmmlaq_s32(sums[r][p], codes, x[p]);
  }
}

template <int kPairs>
void ColumnPairs(const PanelGemmArgs& args, size_t b) {
  const uint8_t* w = args.panel;
  const size_t columns = args.batch - b < 2 * kPairs ? args.batch - b : 2 * kPairs;
  const int8_t* x[2 * kPairs];  // Of an odd last pair its only column twice.
#pragma GCC unroll 8
  for (size_t c = 0; c < 2 * kPairs; ++c)
    x[c] = args.x + (b + (c < columns ? c : columns - 1)) * args.x_stride;
  Sums<kPairs> sums;
#pragma GCC unroll 8
  for (auto& pairs : sums) {
#pragma GCC unroll 8
    for (int32x4_t& sum : pairs) sum = vdupq_n_s32(0);
  }
  size_t k0 = 0;
  for (; k0 + 8 <= args.k; k0 += 8, w += kEightBytes) {
    int8x16_t eight[kPairs];
#pragma GCC unroll 8
    for (int p = 0; p < kPairs; ++p) {
      eight[p] = vcombine_s8(vld1_s8(x[2 * p] + k0), vld1_s8(x[2 * p + 1] + k0));
    }
    AddEight<kPairs>(w, eight, sums);
  }
  if (k0 < args.k) {
    int8x16_t four[kPairs];
#pragma GCC unroll 8
    for (int p = 0; p < kPairs; ++p)
      four[p] = vcombine_s8(LoadFour(x[2 * p] + k0), LoadFour(x[2 * p + 1] + k0));
#pragma GCC unroll 8
    for (size_t r = 0; r < kRowPairs; ++r) {
#pragma GCC unroll 8
      for (int p = 0; p < kPairs; ++p) sums[r][p] = vmmlaq_s32(sums[r][p], LoadFourCodes(w + 8 * r), four[p]);
    }
  }
  int32_t* totals = args.sums + b * kRows;
#pragma GCC unroll 8
  for (size_t c = 0; c < 2 * kPairs; ++c) {
    if (c == columns) return;
#pragma GCC unroll 8
    for (size_t r = 0; r < kRowPairs; r += 2) {
      const int32x4_t low = sums[r][c / 2];
      const int32x4_t high = sums[r + 1][c / 2];
      int32_t* total = totals + c * kRows + 2 * r;
      vst1q_s32(total,
                vaddq_s32(vld1q_s32(total), c % 2 == 0 ? vuzp1q_s32(low, high) : vuzp2q_s32(low, high)));
    }
  }
}

using RunColumnPairs = void(const PanelGemmArgs& args, size_t b);

constexpr RunColumnPairs* kColumnPairs[kMaxColumnPairs + 1] = {nullptr, ColumnPairs<1>, ColumnPairs<2>};

}  // namespace

void UnpackPanelArmNeonI8mm(PanelSource source, size_t k, const uint8_t* w, uint8_t* panel) {
  switch (source) {
    case PanelSource::kTernary2Bit:
      return UnpackBits<2>(k, w, panel);
    case PanelSource::kBase3:
      return UnpackBase3(k, w, panel);
    case PanelSource::k1Bit:
      return UnpackBits<1>(k, w, panel);
  }
}

void MultiplyPanelArmNeonI8mm(const PanelGemmArgs& args) {
  // The pairs two by two, then one that is left.
  for (size_t b = 0; b < args.batch; b += 2 * kMaxColumnPairs) {
    const size_t pairs = (args.batch - b + 1) / 2;
    kColumnPairs[pairs < kMaxColumnPairs ? pairs : kMaxColumnPairs](args, b);
  }
}

}  // namespace bitnet
