#include <cmath>

#include "kernels/rms_norm/rms_norm.h"

// Fused only where std::fma says so: the build sets -ffp-contract=off, and equality with the other variants
// relies on it.
namespace bitnet {
namespace {

constexpr size_t kLanes = 16;

float SumOfSquares(size_t n, const float* x) {
  float lanes[kLanes] = {};
  for (size_t i = 0; i < n; ++i) lanes[i % kLanes] = std::fma(x[i], x[i], lanes[i % kLanes]);
  for (size_t half = kLanes / 2; half > 0; half /= 2) {
    for (size_t j = 0; j < half; ++j) lanes[j] += lanes[j + half];
  }
  return lanes[0];
}

}  // namespace

void RmsNormPortable(size_t n, const float* x, const float* weight, float eps, float* y) {
  const float inv = 1.0f / std::sqrt(SumOfSquares(n, x) / static_cast<float>(n) + eps);
  for (size_t i = 0; i < n; ++i) y[i] = (x[i] * inv) * weight[i];
}

}  // namespace bitnet
