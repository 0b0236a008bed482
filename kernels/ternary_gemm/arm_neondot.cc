#include <arm_neon.h>

#include "kernels/ternary_gemm/ternary_gemm.h"

// A tile x block is four registers of 4 rows each: 32-bit lane r belongs to row r, and plane p (bits 2p+1:2p
// of each byte) holds the codes of k offsets 4p .. 4p+3. SDOT by lane p of the block's 16 x adds a plane. The
// unroll pragmas keep the sums in registers: see x86_avx512vnni.cc.
namespace bitnet {
namespace {

constexpr size_t kBlockBytes = 64;
constexpr size_t kQuadRows = 4;
constexpr size_t kQuadBytes = 16;
constexpr size_t kMaxColumns = 8;

int8x16_t Signed(uint8x16_t codes) { return vreinterpretq_s8_u8(codes); }

void StoreQuad(const TernaryGemmArgs& args, size_t row, size_t b, int32x4_t sums) {
  const float32x4_t exact = vcvtq_f32_s32(vsubq_s32(sums, vdupq_n_s32(args.x_sum[b])));
  vst1q_f32(args.y + b * args.y_stride + row, vmulq_n_f32(exact, args.factor[b]));
}

// One tile and one column: decode. Leaves the codes of planes 1 and 2 where they are, worth 4 and 16 times as
// much, in sums of their own, and shifts only plane 3, whose upper bit would be a sign: 4 operations instead
// of 6 unpack a register. An int32 sum of 16 * 2 * 128 * k / 4 holds below k = 2^21.
constexpr size_t kMaxUnshiftedK = (size_t{1} << 21) - 1;

void OneColumn(const TernaryGemmArgs& args, size_t tile, size_t b) {
  const uint8x16_t mask0 = vdupq_n_u8(0x03);
  const uint8x16_t mask1 = vdupq_n_u8(0x0c);
  const uint8x16_t mask2 = vdupq_n_u8(0x30);
  const uint8_t* w = args.w + tile * (args.k / kTernaryBlockK * kBlockBytes);
  const int8_t* x = args.x + b * args.x_stride;
  int32x4_t by1[4], by4[4], by16[4];
#pragma GCC unroll 8
  for (int q = 0; q < 4; ++q) by1[q] = by4[q] = by16[q] = vdupq_n_s32(0);
  for (size_t k0 = 0; k0 < args.k; k0 += kTernaryBlockK, w += kBlockBytes) {
    const int8x16_t x16 = vld1q_s8(x + k0);
#pragma GCC unroll 8
    for (int q = 0; q < 4; ++q) {
      const uint8x16_t codes = vld1q_u8(w + kQuadBytes * q);
      by1[q] = vdotq_laneq_s32(by1[q], Signed(vandq_u8(codes, mask0)), x16, 0);
      by4[q] = vdotq_laneq_s32(by4[q], Signed(vandq_u8(codes, mask1)), x16, 1);
      by16[q] = vdotq_laneq_s32(by16[q], Signed(vandq_u8(codes, mask2)), x16, 2);
      by1[q] = vdotq_laneq_s32(by1[q], Signed(vshrq_n_u8(codes, 6)), x16, 3);
    }
  }
#pragma GCC unroll 8
  for (int q = 0; q < 4; ++q) {
    // Exact: each sum is a multiple of what it is divided by.
    const int32x4_t sums = vaddq_s32(by1[q], vaddq_s32(vshrq_n_s32(by4[q], 2), vshrq_n_s32(by16[q], 4)));
    StoreQuad(args, tile * kTernaryTileRows + kQuadRows * q, b, sums);
  }
}

// Half a tile, so that 8 columns share the unpacking: 16 sums, 4 planes, 8 x and a mask fit the 32 registers.
template <int kColumns>
void HalfTile(const TernaryGemmArgs& args, size_t tile, size_t half, size_t b) {
  const uint8x16_t mask = vdupq_n_u8(0x03);
  const uint8_t* w = args.w + tile * (args.k / kTernaryBlockK * kBlockBytes) + 2 * kQuadBytes * half;
  const int8_t* x = args.x + b * args.x_stride;
  int32x4_t sums[2][kColumns];
#pragma GCC unroll 8
  for (auto& columns : sums) {
#pragma GCC unroll 8
    for (int32x4_t& sum : columns) sum = vdupq_n_s32(0);
  }
  for (size_t k0 = 0; k0 < args.k; k0 += kTernaryBlockK, w += kBlockBytes) {
    int8x16_t x16[kColumns];
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) x16[c] = vld1q_s8(x + c * args.x_stride + k0);
#pragma GCC unroll 8
    for (int q = 0; q < 2; ++q) {
      const uint8x16_t codes = vld1q_u8(w + kQuadBytes * q);
      const int8x16_t plane0 = Signed(vandq_u8(codes, mask));
      const int8x16_t plane1 = Signed(vandq_u8(vshrq_n_u8(codes, 2), mask));
      const int8x16_t plane2 = Signed(vandq_u8(vshrq_n_u8(codes, 4), mask));
      const int8x16_t plane3 = Signed(vshrq_n_u8(codes, 6));
      // Plane by plane, so that a sum's next addition is `kColumns` instructions away.
#pragma GCC unroll 8
      for (int c = 0; c < kColumns; ++c) sums[q][c] = vdotq_laneq_s32(sums[q][c], plane0, x16[c], 0);
#pragma GCC unroll 8
      for (int c = 0; c < kColumns; ++c) sums[q][c] = vdotq_laneq_s32(sums[q][c], plane1, x16[c], 1);
#pragma GCC unroll 8
      for (int c = 0; c < kColumns; ++c) sums[q][c] = vdotq_laneq_s32(sums[q][c], plane2, x16[c], 2);
#pragma GCC unroll 8
      for (int c = 0; c < kColumns; ++c) sums[q][c] = vdotq_laneq_s32(sums[q][c], plane3, x16[c], 3);
    }
  }
#pragma GCC unroll 8
  for (int q = 0; q < 2; ++q) {
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) {
      StoreQuad(args, tile * kTernaryTileRows + kQuadRows * (2 * half + q), b + c, sums[q][c]);
    }
  }
}

template <int kColumns>
void Columns(const TernaryGemmArgs& args, size_t tile, size_t b) {
  HalfTile<kColumns>(args, tile, 0, b);
  HalfTile<kColumns>(args, tile, 1, b);
}

using RunColumns = void(const TernaryGemmArgs& args, size_t tile, size_t b);

constexpr RunColumns* kColumns[kMaxColumns + 1] = {nullptr,    Columns<1>, Columns<2>, Columns<3>, Columns<4>,
                                                   Columns<5>, Columns<6>, Columns<7>, Columns<8>};

}  // namespace

void TernaryGemmArmNeonDot(const TernaryGemmArgs& args) {
  for (size_t tile = 0; tile < args.tiles; ++tile) {
    // The columns in groups of nearly equal size: 9 as 5 + 4, since 8 + 1 would unpack for one column alone.
    size_t groups = (args.batch + kMaxColumns - 1) / kMaxColumns;
    for (size_t b = 0; b < args.batch; --groups) {
      const size_t columns = (args.batch - b + groups - 1) / groups;
      RunColumns* run = columns == 1 && args.k <= kMaxUnshiftedK ? OneColumn : kColumns[columns];
      run(args, tile, b);
      b += columns;
    }
  }
}

}  // namespace bitnet
