#include <arm_neon.h>

#include "kernels/quantize_sign/quantize_sign.h"

// Comparisons of 4 elements are narrowed to a byte each; 8 bytes keep one bit each and add up to a byte of a
// plane.
namespace bitnet {
namespace {

constexpr size_t kLanes = 4;
constexpr size_t kWordBits = 64;

// n is a multiple of 16. Lanes 0-3, 4-7, 8-11 and 12-15 are a register each, and fold by halves: j += j+8,
// j += j+4, j += j+2, j += j+1.
float MeanAbs(size_t n, const float* x) {
  float32x4_t quad[4] = {vdupq_n_f32(0.0f), vdupq_n_f32(0.0f), vdupq_n_f32(0.0f), vdupq_n_f32(0.0f)};
  for (size_t i = 0; i < n; i += 4 * kLanes) {
    for (size_t q = 0; q < 4; ++q) quad[q] = vaddq_f32(quad[q], vabsq_f32(vld1q_f32(x + i + kLanes * q)));
  }
  const float32x4_t four = vaddq_f32(vaddq_f32(quad[0], quad[2]), vaddq_f32(quad[1], quad[3]));
  const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
  return vget_lane_f32(vpadd_f32(two, two), 0) / static_cast<float>(n);
}

// One bit of each of 8 comparisons, the first one lowest.
uint64_t Gather(uint32x4_t low, uint32x4_t high) {
  const uint8x8_t bits = vcreate_u8(0x8040201008040201);
  const uint8x8_t bytes = vmovn_u16(vcombine_u16(vmovn_u32(low), vmovn_u32(high)));
  return vaddv_u8(vand_u8(bytes, bits));
}

// To bfloat16, half to even: adds half of the last place that stays, less one where that place is even.
float32x4_t Round(float32x4_t x) {
  const uint32x4_t bits = vreinterpretq_u32_f32(x);
  const uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
  const uint32x4_t sum = vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7fff)));
  const float32x4_t rounded = vreinterpretq_f32_u32(vandq_u32(sum, vdupq_n_u32(0xffff0000)));
  // NaNs could carry into the sign.
  return vbslq_f32(vceqq_f32(x, x), rounded, x);
}

}  // namespace

float QuantizeBinaryArmNeonDot(size_t n, const float* x, uint64_t* plus) {
  const float32x4_t zero = vdupq_n_f32(0.0f);
  for (size_t i = 0; i < n; i += kWordBits) {
    uint64_t word = 0;
    for (size_t j = 0; j < kWordBits; j += 8) {
      word |= Gather(vcgeq_f32(vld1q_f32(x + i + j), zero), vcgeq_f32(vld1q_f32(x + i + j + 4), zero)) << j;
    }
    plus[i / kWordBits] = word;
  }
  return MeanAbs(n, x);
}

TernaryRow QuantizeTernaryArmNeonDot(size_t n, const float* x, uint64_t* plus, uint64_t* minus) {
  const float mean = MeanAbs(n, x);
  const float scale = mean < 1e-5f ? 1e-5f : mean;
  const float32x4_t half = vdupq_n_f32(scale * 0.5f);
  const float32x4_t minus_half = vdupq_n_f32(scale * -0.5f);
  int32_t nonzero = 0;
  for (size_t i = 0; i < n; i += kWordBits) {
    uint64_t above = 0;
    uint64_t below = 0;
    for (size_t j = 0; j < kWordBits; j += 8) {
      const float32x4_t low = vld1q_f32(x + i + j);
      const float32x4_t high = vld1q_f32(x + i + j + kLanes);
      above |= Gather(vcgtq_f32(low, half), vcgtq_f32(high, half)) << j;
      below |= Gather(vcltq_f32(low, minus_half), vcltq_f32(high, minus_half)) << j;
    }
    plus[i / kWordBits] = above;
    minus[i / kWordBits] = below;
    nonzero += vaddv_u8(vcnt_u8(vcreate_u8(above | below)));
  }
  return {.scale = scale, .nonzero = nonzero};
}

void RoundToBf16ArmNeonDot(size_t n, const float* x, float* y) {
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) vst1q_f32(y + i, Round(vld1q_f32(x + i)));
  float tail[kLanes] = {};
  for (size_t j = 0; i + j < n; ++j) tail[j] = x[i + j];
  vst1q_f32(tail, Round(vld1q_f32(tail)));
  for (size_t j = 0; i + j < n; ++j) y[i + j] = tail[j];
}

}  // namespace bitnet
