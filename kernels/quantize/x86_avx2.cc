#include <immintrin.h>

#include "kernels/quantize/quantize.h"

namespace bitnet {
namespace {

constexpr size_t kLanes = 8;

__m256 Abs(__m256 x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }

// The first `n` < 8 of x, then +0.
__m256 LoadTail(size_t n, const float* x) {
  float padded[kLanes] = {};
  for (size_t i = 0; i < n; ++i) padded[i] = x[i];
  return _mm256_loadu_ps(padded);
}

float Max(__m256 x) {
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

int32_t Sum(__m256i x) {
  const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
  const __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0xb1)));
}

// Eight int32 to int8 with saturation, in the low half.
__m128i Narrow(__m256i x) {
  const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
  return _mm_packs_epi16(words, words);
}

struct Quantized {
  float absmax, scale;  // absmax is at least 1e-5.
  int32_t sum;
};

Quantized QuantizeRow(size_t n, const float* x, int8_t* q) {
  const size_t tail = n % kLanes;
  const size_t whole = n - tail;
  const __m256 x_tail = LoadTail(tail, x + whole);
  __m256 max = _mm256_max_ps(_mm256_set1_ps(1e-5f), Abs(x_tail));
  for (size_t i = 0; i < whole; i += kLanes) max = _mm256_max_ps(max, Abs(_mm256_loadu_ps(x + i)));
  const float absmax = Max(max);
  const float scale = 127.0f / absmax;

  // The conversion rounds half to even, the narrowing saturates. |x * scale| <= 127 up to rounding, so
  // nothing does saturate and the sum may take the wide form.
  const __m256 scales = _mm256_set1_ps(scale);
  __m256i sums = _mm256_setzero_si256();
  for (size_t i = 0; i < whole; i += kLanes) {
    const __m256i rounded = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + i), scales));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(q + i), Narrow(rounded));
    sums = _mm256_add_epi32(sums, rounded);
  }
  const __m256i rounded = _mm256_cvtps_epi32(_mm256_mul_ps(x_tail, scales));
  sums = _mm256_add_epi32(sums, rounded);
  int8_t q_tail[16];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(q_tail), Narrow(rounded));
  for (size_t i = 0; i < tail; ++i) q[whole + i] = q_tail[i];
  return {.absmax = absmax, .scale = scale, .sum = Sum(sums)};
}

}  // namespace

QuantizedRow QuantizeInt8X86Avx2(size_t n, const float* x, int8_t* q) {
  const Quantized row = QuantizeRow(n, x, q);
  return {.scale = row.scale, .sum = row.sum};
}

void QuantizeInt8GroupsX86Avx2(size_t n, size_t group, const float* x, int8_t* q, float* x_inv,
                               int32_t* x_sum) {
  for (size_t i = 0; i < n; i += group) {
    const Quantized row = QuantizeRow(group, x + i, q + i);
    *x_inv++ = row.absmax / 127.0f;
    *x_sum++ = row.sum;
  }
}

}  // namespace bitnet
