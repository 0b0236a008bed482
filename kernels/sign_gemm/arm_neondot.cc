#include <arm_neon.h>

#include "kernels/sign_gemm/sign_gemm.h"

// A tile x block is four registers of 2 rows each: 64-bit lane r belongs to row r.
namespace bitnet {
namespace {

constexpr size_t kBlockBytes = 64;
constexpr size_t kPairs = 4;  // Of rows.

// For bit planes 4 columns x 4 pairs: 16 sums, and a byte counts at most 8 of a block: 31 blocks reach 248.
constexpr size_t kMaxBitColumns = 4;
constexpr size_t kBlocksPerWidening = 31;

// The bits of products of -1, counted in each byte.
template <bool kTernary>
uint8x16_t CountMinus(uint64x2_t w, const uint64_t* plus, const uint64_t* minus, size_t block) {
  const uint64x2_t p = vdupq_n_u64(plus[block]);
  if constexpr (!kTernary) return vcntq_u8(vreinterpretq_u8_u64(veorq_u64(w, p)));
  return vcntq_u8(vreinterpretq_u8_u64(vbslq_u64(w, vdupq_n_u64(minus[block]), p)));
}

uint64x2_t Widen(uint8x16_t bytes) { return vpaddlq_u32(vpaddlq_u16(vpaddlq_u8(bytes))); }

template <bool kTernary>
void StoreRows(const SignGemmArgs& args, size_t row, size_t b, uint64x2_t low, uint64x2_t high) {
  const int32x4_t minus = vreinterpretq_s32_u32(vcombine_u32(vmovn_u64(low), vmovn_u64(high)));
  const int32_t total = kTernary ? args.nonzero[b] : static_cast<int32_t>(args.k);
  const int32x4_t dot = vsubq_s32(vdupq_n_s32(total), vshlq_n_s32(minus, 1));
  const float32x4_t scale = vmulq_f32(vld1q_f32(args.row_scale + row), vdupq_n_f32(args.x_scale[b]));
  vst1q_f32(args.y + b * args.y_stride + row, vmulq_f32(vcvtq_f32_s32(dot), scale));
}

template <bool kTernary, int kColumns>
void BitColumns(const SignGemmArgs& args, size_t tile, size_t b) {
  const size_t blocks = args.k / kSignBlockK;
  const uint8_t* w = args.w + tile * blocks * kBlockBytes;
  const uint64_t* plus = args.plus + b * args.x_stride;
  const uint64_t* minus = kTernary ? args.minus + b * args.x_stride : nullptr;
  uint64x2_t totals[kPairs][kColumns];
  for (auto& columns : totals) {
    for (uint64x2_t& total : columns) total = vdupq_n_u64(0);
  }
  for (size_t i = 0; i < blocks;) {
    const size_t left = blocks - i;
    const size_t end = i + (left < kBlocksPerWidening ? left : kBlocksPerWidening);
    uint8x16_t sums[kPairs][kColumns];
    for (auto& columns : sums) {
      for (uint8x16_t& sum : columns) sum = vdupq_n_u8(0);
    }
    for (; i < end; ++i, w += kBlockBytes) {
      for (size_t pair = 0; pair < kPairs; ++pair) {
        const uint64x2_t bits = vreinterpretq_u64_u8(vld1q_u8(w + 16 * pair));
        for (int c = 0; c < kColumns; ++c) {
          const size_t at = c * args.x_stride + i;
          sums[pair][c] = vaddq_u8(sums[pair][c], CountMinus<kTernary>(bits, plus, minus, at));
        }
      }
    }
    for (size_t pair = 0; pair < kPairs; ++pair) {
      for (int c = 0; c < kColumns; ++c) {
        totals[pair][c] = vaddq_u64(totals[pair][c], Widen(sums[pair][c]));
      }
    }
  }
  for (size_t pair = 0; pair < kPairs; pair += 2) {
    for (int c = 0; c < kColumns; ++c) {
      StoreRows<kTernary>(args, tile * kSignTileRows + 2 * pair, b + c, totals[pair][c], totals[pair + 1][c]);
    }
  }
}

template <bool kTernary>
void BitGemm(const SignGemmArgs& args) {
  for (size_t tile = 0; tile < args.tiles; ++tile) {
    size_t b = 0;
    for (; b + kMaxBitColumns <= args.batch; b += kMaxBitColumns) BitColumns<kTernary, 4>(args, tile, b);
    if (args.batch - b == 3) BitColumns<kTernary, 3>(args, tile, b);
    if (args.batch - b == 2) BitColumns<kTernary, 2>(args, tile, b);
    if (args.batch - b == 1) BitColumns<kTernary, 1>(args, tile, b);
  }
}

// Float activations: the 16 lanes of a dot product are four registers, lanes 0-3, 4-7, 8-11 and 12-15. The
// signs of 4 weights become +1 and -1 in one, and a fused multiply-add with it is exactly the addition of +x
// or -x.
struct Lanes {
  float32x4_t quad[4];
};

// Lanes fold by halves: j += j+8, j += j+4, j += j+2, j += j+1.
float Fold(const Lanes& lanes) {
  const float32x4_t low = vaddq_f32(lanes.quad[0], lanes.quad[2]);
  const float32x4_t high = vaddq_f32(lanes.quad[1], lanes.quad[3]);
  const float32x4_t four = vaddq_f32(low, high);
  const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
  return vget_lane_f32(vpadd_f32(two, two), 0);
}

// Bits 4q .. 4q+3 of every lane, as +1.0 where set and -1.0 where not. `inverted` has them inverted.
float32x4_t Signs(uint32x4_t inverted, size_t q) {
  const int32_t to_top = 31 - 4 * static_cast<int32_t>(q);
  const int32_t each[4] = {to_top, to_top - 1, to_top - 2, to_top - 3};
  const uint32x4_t top = vshlq_u32(inverted, vld1q_s32(each));
  return vreinterpretq_f32_u32(
      vbslq_u32(vdupq_n_u32(1u << 31), top, vreinterpretq_u32_f32(vdupq_n_f32(1.0f))));
}

template <int kRows, int kColumns>
void FloatRows(const SignFloatGemmArgs& args, size_t tile, size_t row, size_t b) {
  const uint8_t* w = args.w + tile * (args.k / kSignBlockK * kBlockBytes) + row * (kSignBlockK / 8);
  const float* x = args.x + b * args.x_stride;
  Lanes lanes[kRows][kColumns];
  for (auto& columns : lanes) {
    for (Lanes& lane : columns) {
      for (float32x4_t& quad : lane.quad) quad = vdupq_n_f32(0.0f);
    }
  }
  for (size_t i = 0; i < args.k; i += kSignBlockK, w += kBlockBytes) {
    for (size_t j = 0; j < kSignBlockK; j += 16) {
      uint32x4_t inverted[kRows];
      for (int r = 0; r < kRows; ++r) {
        uint16_t bits;
        __builtin_memcpy(&bits, w + 8 * r + j / 8, sizeof(bits));
        inverted[r] = vdupq_n_u32(~uint32_t{bits});
      }
#pragma GCC unroll 4
      for (size_t q = 0; q < 4; ++q) {
        float32x4_t column[kColumns];
        for (int c = 0; c < kColumns; ++c) column[c] = vld1q_f32(x + c * args.x_stride + i + j + 4 * q);
        for (int r = 0; r < kRows; ++r) {
          const float32x4_t signs = Signs(inverted[r], q);
          for (int c = 0; c < kColumns; ++c) {
            lanes[r][c].quad[q] = vfmaq_f32(lanes[r][c].quad[q], signs, column[c]);
          }
        }
      }
    }
  }
  const size_t first = tile * kSignTileRows + row;
  for (int c = 0; c < kColumns; ++c) {
    for (int r = 0; r < kRows; ++r) {
      args.y[(b + c) * args.y_stride + first + r] = args.row_scale[first + r] * Fold(lanes[r][c]);
    }
  }
}

}  // namespace

void SignBinaryGemmArmNeonDot(const SignGemmArgs& args) { BitGemm<false>(args); }
void SignTernaryGemmArmNeonDot(const SignGemmArgs& args) { BitGemm<true>(args); }

// 2 rows x 2 columns or 4 rows x 1 column are 16 sums, and leave registers for the signs and the shifts.
void SignFloatGemmArmNeonDot(const SignFloatGemmArgs& args) {
  for (size_t tile = 0; tile < args.tiles; ++tile) {
    size_t b = 0;
    for (; b + 2 <= args.batch; b += 2) {
      for (size_t row = 0; row < kSignTileRows; row += 2) FloatRows<2, 2>(args, tile, row, b);
    }
    if (b < args.batch) {
      for (size_t row = 0; row < kSignTileRows; row += 4) FloatRows<4, 1>(args, tile, row, b);
    }
  }
}

}  // namespace bitnet
