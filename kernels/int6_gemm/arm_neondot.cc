#include <arm_neon.h>

#include "kernels/int6_gemm/int6_gemm.h"

// A register of a tile x block is four of 4 rows each: 32-bit lane r belongs to row r. SDOT by four of the
// block's x adds four k; a group's sum is multiplied by its scale in 32 bits. Codes become weights by a
// subtraction, which columns share.
namespace bitnet {
namespace {

constexpr size_t kTileRows = 16;
constexpr size_t kBlockK = 32;
constexpr size_t kBlockBytes = 384;
constexpr size_t kBlockScales = 32;
constexpr size_t kQuadRows = 4;
constexpr size_t kMaxColumns = 4;

// Bits 3:0 of the codes are in `low`, bits 5:4 in bits 5:4 of `high`; weight = code - 32.
int8x16_t Weights(uint8x16_t low, uint8x16_t high) {
  const uint8x16_t codes = vorrq_u8(low, vandq_u8(high, vdupq_n_u8(0x30)));
  return vsubq_s8(vreinterpretq_s8_u8(codes), vdupq_n_s8(32));
}

// Adds k offsets 8 kJ .. 8 kJ + 7 of a group, of four rows, whose high bits are at bits 5:4 of `first` and
// `second`.
// Inlined, as all here: GCC otherwise calls it for each group, with the sums in memory.
template <int kJ, int kColumns>
[[gnu::always_inline]] inline void AddRegister(const uint8_t* w, uint8x16_t first, uint8x16_t second,
                                               const int8x16_t (&x)[kColumns], int32x4_t (&sums)[kColumns]) {
  const uint8x16_t low = vld1q_u8(w + 64 * kJ);
  const int8x16_t w0 = Weights(vandq_u8(low, vdupq_n_u8(15)), first);
  const int8x16_t w1 = Weights(vshrq_n_u8(low, 4), second);
#pragma GCC unroll 8
  for (int c = 0; c < kColumns; ++c) {
    sums[c] = vdotq_laneq_s32(sums[c], w0, x[c], kJ * 2);
    sums[c] = vdotq_laneq_s32(sums[c], w1, x[c], kJ * 2 + 1);
  }
}

// A group of four rows: two low registers from `low` on, a high one.
template <int kColumns>
[[gnu::always_inline]] inline void AddGroup(const uint8_t* low, const uint8_t* high, int32x4_t scales,
                                            const int8_t* x, size_t x_stride, int32x4_t (&totals)[kColumns]) {
  int8x16_t x16[kColumns];
  int32x4_t sums[kColumns];
#pragma GCC unroll 8
  for (int c = 0; c < kColumns; ++c) {
    x16[c] = vld1q_s8(x + c * x_stride);
    sums[c] = vdupq_n_s32(0);
  }
  const uint8x16_t bits = vld1q_u8(high);
  AddRegister<0, kColumns>(low, vshlq_n_u8(bits, 4), vshlq_n_u8(bits, 2), x16, sums);
  AddRegister<1, kColumns>(low, bits, vshrq_n_u8(bits, 2), x16, sums);
#pragma GCC unroll 8
  for (int c = 0; c < kColumns; ++c) totals[c] = vmlaq_s32(totals[c], sums[c], scales);
}

template <int kColumns>
void Columns(const Int6GemmArgs& args, size_t tile, size_t b) {
  const size_t blocks = args.k / kBlockK;
  for (size_t row = 0; row < kTileRows; row += kQuadRows) {
    const uint8_t* w = args.w + tile * blocks * kBlockBytes + 4 * row;
    const int8_t* w_scale = args.w_scale + tile * blocks * kBlockScales + 2 * row;
    const int8_t* x = args.x + b * args.x_stride;
    int32x4_t totals[kColumns];
#pragma GCC unroll 8
    for (int32x4_t& total : totals) total = vdupq_n_s32(0);
    for (size_t block = 0; block < blocks; ++block) {
      // 32-bit lane r: the scale of group 0 of row r, and that of group 1.
      const int32x4_t scales = vreinterpretq_s32_s16(vmovl_s8(vld1_s8(w_scale)));
      AddGroup<kColumns>(w, w + 256, vshrq_n_s32(vshlq_n_s32(scales, 16), 16), x, args.x_stride, totals);
      AddGroup<kColumns>(w + 128, w + 320, vshrq_n_s32(scales, 16), x + 16, args.x_stride, totals);
      w += kBlockBytes;
      w_scale += kBlockScales;
      x += kBlockK;
    }
    const float32x4_t row_scale = vld1q_f32(args.row_scale + tile * kTileRows + row);
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) {
      vst1q_f32(args.y + (b + c) * args.y_stride + tile * kTileRows + row,
                vmulq_f32(vcvtq_f32_s32(totals[c]), vmulq_n_f32(row_scale, args.x_scale[b + c])));
    }
  }
}

using RunColumns = void(const Int6GemmArgs& args, size_t tile, size_t b);

constexpr RunColumns* kColumns[kMaxColumns + 1] = {nullptr, Columns<1>, Columns<2>, Columns<3>, Columns<4>};

}  // namespace

void Int6GemmArmNeonDot(const Int6GemmArgs& args) {
  for (size_t tile = 0; tile < args.tiles; ++tile) {
    // The columns in batches of nearly equal size: 5 as 3 + 2, since 4 + 1 would unpack for one column alone.
    size_t batches = (args.batch + kMaxColumns - 1) / kMaxColumns;
    for (size_t b = 0; b < args.batch; --batches) {
      const size_t columns = (args.batch - b + batches - 1) / batches;
      kColumns[columns](args, tile, b);
      b += columns;
    }
  }
}

}  // namespace bitnet
