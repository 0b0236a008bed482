#include <arm_neon.h>

#include "kernels/int6_gemm/int6_gemm.h"

// A register of a tile x group is four of 4 rows each: 32-bit lane r belongs to row r. SDOT by four of the
// group's x adds four k.
namespace bitnet {
namespace {

constexpr size_t kTileRows = 16;
constexpr size_t kGroup = 32;
constexpr size_t kGroupBytes = 384;
constexpr size_t kQuadRows = 4;
constexpr size_t kMaxColumns = 4;

// Bits 3:0 of the codes are in `low`, bits 5:4 in bits 5:4 of `high`; weight = code - 32.
int8x16_t Weights(uint8x16_t low, uint8x16_t high) {
  const uint8x16_t codes = vorrq_u8(low, vandq_u8(high, vdupq_n_u8(0x30)));
  return vsubq_s8(vreinterpretq_s8_u8(codes), vdupq_n_s8(32));
}

// Adds k offsets 8j .. 8j+7, of four rows, whose high bits are at bits 5:4 of `first` and `second`.
template <int kJ, int kColumns>
void AddRegister(const uint8_t* w, uint8x16_t first, uint8x16_t second, const int8x16_t (&x)[kColumns],
                 int32x4_t (&sums)[kColumns]) {
  const uint8x16_t low = vld1q_u8(w + 64 * kJ);
  const int8x16_t w0 = Weights(vandq_u8(low, vdupq_n_u8(15)), first);
  const int8x16_t w1 = Weights(vshrq_n_u8(low, 4), second);
#pragma GCC unroll 8
  for (int c = 0; c < kColumns; ++c) {
    sums[c] = vdotq_laneq_s32(sums[c], w0, x[c], kJ % 2 * 2);
    sums[c] = vdotq_laneq_s32(sums[c], w1, x[c], kJ % 2 * 2 + 1);
  }
}

// Low registers 2h and 2h + 1, with high register h.
template <int kHalf, int kColumns>
void AddHalf(const uint8_t* w, const int8_t* x, size_t x_stride, int32x4_t (&sums)[kColumns]) {
  int8x16_t x16[kColumns];
#pragma GCC unroll 8
  for (int c = 0; c < kColumns; ++c) x16[c] = vld1q_s8(x + c * x_stride + 16 * kHalf);
  const uint8x16_t high = vld1q_u8(w + 64 * (4 + kHalf));
  AddRegister<2 * kHalf, kColumns>(w, vshlq_n_u8(high, 4), vshlq_n_u8(high, 2), x16, sums);
  AddRegister<2 * kHalf + 1, kColumns>(w, high, vshrq_n_u8(high, 2), x16, sums);
}

template <int kColumns>
void Columns(const Int6GemmArgs& args, size_t tile, size_t b) {
  const size_t groups = args.k / kGroup;
  for (size_t row = 0; row < kTileRows; row += kQuadRows) {
    const uint8_t* w = args.w + tile * groups * kGroupBytes + 4 * row;
    const uint16_t* w_scale = args.w_scale + tile * groups * kTileRows + row;
    const int8_t* x = args.x + b * args.x_stride;
    float32x4_t acc[kColumns];
#pragma GCC unroll 8
    for (float32x4_t& a : acc) a = vdupq_n_f32(0.0f);
    for (size_t g = 0; g < groups; ++g, w += kGroupBytes, w_scale += kTileRows, x += kGroup) {
      int32x4_t sums[kColumns];
#pragma GCC unroll 8
      for (int32x4_t& sum : sums) sum = vdupq_n_s32(0);
      AddHalf<0, kColumns>(w, x, args.x_stride, sums);
      AddHalf<1, kColumns>(w, x, args.x_stride, sums);
      const float32x4_t scale = vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(w_scale)));
#pragma GCC unroll 8
      for (int c = 0; c < kColumns; ++c) {
        acc[c] =
            vfmaq_f32(acc[c], vcvtq_f32_s32(sums[c]), vmulq_n_f32(scale, args.x_inv[(b + c) * groups + g]));
      }
    }
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) {
      vst1q_f32(args.y + (b + c) * args.y_stride + tile * kTileRows + row, acc[c]);
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
