#include <immintrin.h>

#include "kernels/quantize_sign/quantize_sign.h"

// A comparison of 8 elements gives 8 bits, eight of which are a word of a plane.
namespace bitnet {
namespace {

constexpr size_t kLanes = 8;
constexpr size_t kWordBits = 64;

__m256 Abs(__m256 x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }

// n is a multiple of 16. Lanes 0-7 and 8-15 are a register each, and fold by halves: j += j+8, j += j+4, j +=
// j+2, j += j+1.
float MeanAbs(size_t n, const float* x) {
  __m256 low = _mm256_setzero_ps();
  __m256 high = _mm256_setzero_ps();
  for (size_t i = 0; i < n; i += 2 * kLanes) {
    low = _mm256_add_ps(low, Abs(_mm256_loadu_ps(x + i)));
    high = _mm256_add_ps(high, Abs(_mm256_loadu_ps(x + i + kLanes)));
  }
  const __m256 eight = _mm256_add_ps(low, high);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two))) / static_cast<float>(n);
}

template <int kCompare>
uint64_t CompareWord(const float* x, __m256 with) {
  uint64_t word = 0;
  for (size_t i = 0; i < kWordBits; i += kLanes) {
    const int bits = _mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(x + i), with, kCompare));
    word |= static_cast<uint64_t>(bits) << i;
  }
  return word;
}

// To bfloat16, half to even: adds half of the last place that stays, less one where that place is even.
__m256 Round(__m256 x) {
  const __m256i bits = _mm256_castps_si256(x);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  const __m256i half = _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff));
  const __m256i high = _mm256_set1_epi32(static_cast<int>(0xffff0000));
  const __m256i rounded = _mm256_and_si256(_mm256_add_epi32(bits, half), high);
  // NaNs could carry into the sign.
  return _mm256_blendv_ps(_mm256_castsi256_ps(rounded), x, _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
}

}  // namespace

float QuantizeBinaryX86Avx2(size_t n, const float* x, uint64_t* plus) {
  for (size_t i = 0; i < n; i += kWordBits) {
    plus[i / kWordBits] = CompareWord<_CMP_GE_OQ>(x + i, _mm256_setzero_ps());
  }
  return MeanAbs(n, x);
}

TernaryRow QuantizeTernaryX86Avx2(size_t n, const float* x, uint64_t* plus, uint64_t* minus) {
  const float mean = MeanAbs(n, x);
  const float scale = mean < 1e-5f ? 1e-5f : mean;
  const __m256 half = _mm256_set1_ps(scale * 0.5f);
  const __m256 minus_half = _mm256_set1_ps(scale * -0.5f);
  int32_t nonzero = 0;
  for (size_t i = 0; i < n; i += kWordBits) {
    const uint64_t above = CompareWord<_CMP_GT_OQ>(x + i, half);
    const uint64_t below = CompareWord<_CMP_LT_OQ>(x + i, minus_half);
    plus[i / kWordBits] = above;
    minus[i / kWordBits] = below;
    nonzero += __builtin_popcountll(above | below);
  }
  return {.scale = scale, .nonzero = nonzero};
}

void RoundToBf16X86Avx2(size_t n, const float* x, float* y) {
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) _mm256_storeu_ps(y + i, Round(_mm256_loadu_ps(x + i)));
  float tail[kLanes] = {};
  for (size_t j = 0; i + j < n; ++j) tail[j] = x[i + j];
  _mm256_storeu_ps(tail, Round(_mm256_loadu_ps(tail)));
  for (size_t j = 0; i + j < n; ++j) y[i + j] = tail[j];
}

}  // namespace bitnet
