#include <bit>
#include <cmath>

#include "kernels/half_gemm/half_gemm.h"

// Fused only where std::fma says so: the build sets -ffp-contract=off, and equality with the other variants
// relies on it.
namespace bitnet {
namespace {

constexpr size_t kLanes = 16;

// Exact: every half is a float. Infinities and NaNs keep their meaning.
float Widen(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = half >> 10 & 0x1f;
  const uint32_t mantissa = half & 0x3ff;
  if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000 | mantissa << 13);
  if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 127 - 15) << 23 | mantissa << 13);
  // Subnormal: mantissa * 2^-24, a product without rounding.
  const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
  return sign != 0 ? -magnitude : magnitude;
}

float Dot(size_t k, const uint16_t* w, const float* x) {
  float lanes[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= k; i += kLanes) {
    for (size_t j = 0; j < kLanes; ++j) lanes[j] = std::fma(Widen(w[i + j]), x[i + j], lanes[j]);
  }
  if (i < k) {
    for (size_t j = 0; j < kLanes; ++j) {
      // An absent product is not skipped: adding +0 turns a lane of -0 (a product that underflowed) to +0.
      const bool present = i + j < k;
      lanes[j] = std::fma(present ? Widen(w[i + j]) : 0.0f, present ? x[i + j] : 0.0f, lanes[j]);
    }
  }
  for (size_t half = kLanes / 2; half > 0; half /= 2) {
    for (size_t j = 0; j < half; ++j) lanes[j] += lanes[j + half];
  }
  return lanes[0];
}

}  // namespace

void HalfGemmPortable(const HalfGemmArgs& args) {
  for (size_t r = 0; r < args.rows; ++r) {
    for (size_t b = 0; b < args.batch; ++b) {
      args.y[b * args.y_stride + r] = Dot(args.k, args.w + r * args.k, args.x + b * args.x_stride);
    }
  }
}

}  // namespace bitnet
