#include <arm_neon.h>

#include "kernels/rms_norm/rms_norm.h"

// The build sets -ffp-contract=off: only vfmaq_f32() fuses.
namespace bitnet {
namespace {

constexpr size_t kLanes = 16;

// Lanes 0-3, 4-7, 8-11 and 12-15.
struct Lanes {
  float32x4_t quad[4];
};

void AddSquares(const float* x, Lanes& lanes) {
  for (int q = 0; q < 4; ++q) {
    const float32x4_t v = vld1q_f32(x + 4 * q);
    lanes.quad[q] = vfmaq_f32(lanes.quad[q], v, v);
  }
}

// Lanes fold by halves: j += j+8, j += j+4, j += j+2, j += j+1.
float Fold(const Lanes& lanes) {
  const float32x4_t low = vaddq_f32(lanes.quad[0], lanes.quad[2]);
  const float32x4_t high = vaddq_f32(lanes.quad[1], lanes.quad[3]);
  const float32x4_t four = vaddq_f32(low, high);
  const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
  return vget_lane_f32(vpadd_f32(two, two), 0);
}

float Sqrt(float x) { return vget_lane_f32(vsqrt_f32(vdup_n_f32(x)), 0); }

}  // namespace

void RmsNormArmNeonDot(size_t n, const float* x, const float* weight, float eps, float* y) {
  const size_t whole = n - n % kLanes;
  Lanes lanes;
  for (float32x4_t& quad : lanes.quad) quad = vdupq_n_f32(0.0f);
  for (size_t i = 0; i < whole; i += kLanes) AddSquares(x + i, lanes);
  float tail[kLanes] = {};
  for (size_t i = whole; i < n; ++i) tail[i - whole] = x[i];
  AddSquares(tail, lanes);
  const float inv = 1.0f / Sqrt(Fold(lanes) / static_cast<float>(n) + eps);

  size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    vst1q_f32(y + i, vmulq_f32(vmulq_n_f32(vld1q_f32(x + i), inv), vld1q_f32(weight + i)));
  }
  for (; i < n; ++i) y[i] = (x[i] * inv) * weight[i];
}

}  // namespace bitnet
