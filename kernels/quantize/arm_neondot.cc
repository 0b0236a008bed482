#include <arm_neon.h>

#include "kernels/quantize/quantize.h"

namespace bitnet {
namespace {

constexpr size_t kLanes = 8;

struct Eight {
  float32x4_t low, high;
};

Eight Load(const float* x) { return {vld1q_f32(x), vld1q_f32(x + 4)}; }

// The first `n` < 8 of x, then +0.
Eight LoadTail(size_t n, const float* x) {
  float padded[kLanes] = {};
  for (size_t i = 0; i < n; ++i) padded[i] = x[i];
  return Load(padded);
}

float32x4_t MaxAbs(float32x4_t max, const Eight& x) {
  return vmaxq_f32(vmaxq_f32(max, vabsq_f32(x.low)), vabsq_f32(x.high));
}

// Rounds x * scale half to even, adds it to `sums`, and narrows it with saturation. |x * scale| <= 127 up to
// rounding, so nothing does saturate and the sum may take the wide form.
int8x8_t Quantize(const Eight& x, float scale, int32x4_t& sums) {
  const int32x4_t low = vcvtnq_s32_f32(vmulq_n_f32(x.low, scale));
  const int32x4_t high = vcvtnq_s32_f32(vmulq_n_f32(x.high, scale));
  sums = vaddq_s32(sums, vaddq_s32(low, high));
  return vqmovn_s16(vcombine_s16(vqmovn_s32(low), vqmovn_s32(high)));
}

struct Quantized {
  float absmax, scale;  // absmax is at least 1e-5.
  int32_t sum;
};

Quantized QuantizeRow(size_t n, const float* x, int8_t* q) {
  const size_t tail = n % kLanes;
  const size_t whole = n - tail;
  const Eight x_tail = LoadTail(tail, x + whole);
  float32x4_t max = MaxAbs(vdupq_n_f32(1e-5f), x_tail);
  for (size_t i = 0; i < whole; i += kLanes) max = MaxAbs(max, Load(x + i));
  const float absmax = vmaxvq_f32(max);
  const float scale = 127.0f / absmax;

  int32x4_t sums = vdupq_n_s32(0);
  for (size_t i = 0; i < whole; i += kLanes) vst1_s8(q + i, Quantize(Load(x + i), scale, sums));
  int8_t q_tail[kLanes];
  vst1_s8(q_tail, Quantize(x_tail, scale, sums));
  for (size_t i = 0; i < tail; ++i) q[whole + i] = q_tail[i];
  return {.absmax = absmax, .scale = scale, .sum = vaddvq_s32(sums)};
}

}  // namespace

QuantizedRow QuantizeInt8ArmNeonDot(size_t n, const float* x, int8_t* q) {
  const Quantized row = QuantizeRow(n, x, q);
  return {.scale = row.scale, .sum = row.sum};
}

void QuantizeInt8GroupsArmNeonDot(size_t n, size_t group, const float* x, int8_t* q, float* x_inv,
                                  int32_t* x_sum) {
  for (size_t i = 0; i < n; i += group) {
    const Quantized row = QuantizeRow(group, x + i, q + i);
    *x_inv++ = row.absmax / 127.0f;
    *x_sum++ = row.sum;
  }
}

}  // namespace bitnet
