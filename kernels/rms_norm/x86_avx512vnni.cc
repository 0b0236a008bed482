#include <immintrin.h>

#include "kernels/rms_norm/rms_norm.h"

namespace bitnet {
namespace {

constexpr size_t kLanes = 16;

// The lanes of 16 that elements [i, n) fill. Masked lanes are neither read nor written.
__mmask16 Present(size_t i, size_t n) {
  return n - i >= kLanes ? __mmask16{0xffff} : static_cast<__mmask16>((1u << (n - i)) - 1);
}

// Lanes fold by halves: j += j+8, j += j+4, j += j+2, j += j+1.
float Fold(__m512 lanes) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(lanes), _mm512_extractf32x8_ps(lanes, 1));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

float Sqrt(float x) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))); }

}  // namespace

void RmsNormX86Avx512Vnni(size_t n, const float* x, const float* weight, float eps, float* y) {
  __m512 lanes = _mm512_setzero_ps();
  for (size_t i = 0; i < n; i += kLanes) {
    const __m512 v = _mm512_maskz_loadu_ps(Present(i, n), x + i);
    lanes = _mm512_fmadd_ps(v, v, lanes);
  }
  const __m512 inv = _mm512_set1_ps(1.0f / Sqrt(Fold(lanes) / static_cast<float>(n) + eps));
  for (size_t i = 0; i < n; i += kLanes) {
    const __mmask16 present = Present(i, n);
    const __m512 scaled = _mm512_mul_ps(_mm512_maskz_loadu_ps(present, x + i), inv);
    _mm512_mask_storeu_ps(y + i, present, _mm512_mul_ps(scaled, _mm512_maskz_loadu_ps(present, weight + i)));
  }
}

}  // namespace bitnet
