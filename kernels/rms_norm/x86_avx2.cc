#include <immintrin.h>

#include "kernels/rms_norm/rms_norm.h"

// The build sets -ffp-contract=off: only _mm256_fmadd_ps() fuses.
namespace bitnet {
namespace {

constexpr size_t kLanes = 16;

// Lanes 0-7 and 8-15.
struct Lanes {
  __m256 low = _mm256_setzero_ps();
  __m256 high = _mm256_setzero_ps();
};

void AddSquares(const float* x, Lanes& lanes) {
  const __m256 low = _mm256_loadu_ps(x);
  const __m256 high = _mm256_loadu_ps(x + 8);
  lanes.low = _mm256_fmadd_ps(low, low, lanes.low);
  lanes.high = _mm256_fmadd_ps(high, high, lanes.high);
}

// Lanes fold by halves: j += j+8, j += j+4, j += j+2, j += j+1.
float Fold(const Lanes& lanes) {
  const __m256 eight = _mm256_add_ps(lanes.low, lanes.high);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

float Sqrt(float x) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))); }

}  // namespace

void RmsNormX86Avx2(size_t n, const float* x, const float* weight, float eps, float* y) {
  const size_t whole = n - n % kLanes;
  Lanes lanes;
  for (size_t i = 0; i < whole; i += kLanes) AddSquares(x + i, lanes);
  float tail[kLanes] = {};
  for (size_t i = whole; i < n; ++i) tail[i - whole] = x[i];
  AddSquares(tail, lanes);
  const float inv = 1.0f / Sqrt(Fold(lanes) / static_cast<float>(n) + eps);

  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m256 scaled = _mm256_mul_ps(_mm256_loadu_ps(x + i), _mm256_set1_ps(inv));
    _mm256_storeu_ps(y + i, _mm256_mul_ps(scaled, _mm256_loadu_ps(weight + i)));
  }
  for (; i < n; ++i) y[i] = (x[i] * inv) * weight[i];
}

}  // namespace bitnet
