#include "kernels/elementwise/elementwise.h"

// The build sets -ffp-contract=off: a product and a sum here round one by one on every CPU.
namespace bitnet {

void AddTo(size_t n, const float* y, float* x) {
  for (size_t i = 0; i < n; ++i) x[i] += y[i];
}

void SquaredReluGate(size_t n, const float* gate, const float* up, float* h) {
  for (size_t i = 0; i < n; ++i) {
    // Written so that a NaN stays one and is found, instead of becoming a quiet 0.
    const float r = gate[i] < 0.0f ? 0.0f : gate[i];
    h[i] = (r * r) * up[i];
  }
}

void RotateHalves(size_t head_dim, const float* cos, const float* sin, float* x) {
  const size_t half = head_dim / 2;
  float* __restrict lo = x;
  float* __restrict hi = x + half;
  for (size_t i = 0; i < half; ++i) {
    const float a = lo[i];
    const float b = hi[i];
    lo[i] = a * cos[i] - b * sin[i];
    hi[i] = b * cos[i] + a * sin[i];
  }
}

}  // namespace bitnet
