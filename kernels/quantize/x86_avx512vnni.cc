#include <immintrin.h>

#include "kernels/quantize/quantize.h"

namespace bitnet {
namespace {

constexpr size_t kLanes = 16;

// The lanes of 16 that elements [i, n) fill. Masked lanes are neither read nor written.
__mmask16 Present(size_t i, size_t n) {
  return n - i >= kLanes ? __mmask16{0xffff} : static_cast<__mmask16>((1u << (n - i)) - 1);
}

struct Quantized {
  float absmax, scale;  // absmax is at least 1e-5.
  int32_t sum;
};

Quantized QuantizeRow(size_t n, const float* x, int8_t* q) {
  __m512 max = _mm512_set1_ps(1e-5f);
  for (size_t i = 0; i < n; i += kLanes) {
    max = _mm512_max_ps(max, _mm512_abs_ps(_mm512_maskz_loadu_ps(Present(i, n), x + i)));
  }
  const float absmax = _mm512_reduce_max_ps(max);
  const float scale = 127.0f / absmax;
  __m512i sums = _mm512_setzero_si512();
  for (size_t i = 0; i < n; i += kLanes) {
    const __mmask16 present = Present(i, n);
    // The conversion rounds half to even, the narrowing saturates; absent elements are 0.
    const __m512 scaled = _mm512_mul_ps(_mm512_maskz_loadu_ps(present, x + i), _mm512_set1_ps(scale));
    const __m512i rounded = _mm512_cvtps_epi32(scaled);
    _mm512_mask_cvtsepi32_storeu_epi8(q + i, present, rounded);
    // |x * scale| <= 127 up to rounding, so nothing did saturate and the sum may take the wide form.
    sums = _mm512_add_epi32(sums, rounded);
  }
  return {.absmax = absmax, .scale = scale, .sum = _mm512_reduce_add_epi32(sums)};
}

}  // namespace

QuantizedRow QuantizeInt8X86Avx512Vnni(size_t n, const float* x, int8_t* q) {
  const Quantized row = QuantizeRow(n, x, q);
  return {.scale = row.scale, .sum = row.sum};
}

void QuantizeInt8GroupsX86Avx512Vnni(size_t n, size_t group, const float* x, int8_t* q, float* x_inv,
                                     int32_t* x_sum) {
  for (size_t i = 0; i < n; i += group) {
    const Quantized row = QuantizeRow(group, x + i, q + i);
    *x_inv++ = row.absmax / 127.0f;
    *x_sum++ = row.sum;
  }
}

}  // namespace bitnet
