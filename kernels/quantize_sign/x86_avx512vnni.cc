#include <immintrin.h>

#include "kernels/quantize_sign/quantize_sign.h"

// A comparison of 16 elements is a mask of 16 bits, four of which are a word of a plane.
namespace bitnet {
namespace {

constexpr size_t kLanes = 16;
constexpr size_t kWordBits = 64;

// Lanes fold by halves: j += j+8, j += j+4, j += j+2, j += j+1.
float Fold(__m512 lanes) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(lanes), _mm512_extractf32x8_ps(lanes, 1));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

template <int kCompare>
uint64_t CompareWord(const float* x, __m512 with) {
  uint64_t word = 0;
  for (size_t i = 0; i < kWordBits; i += kLanes) {
    word |= static_cast<uint64_t>(_mm512_cmp_ps_mask(_mm512_loadu_ps(x + i), with, kCompare)) << i;
  }
  return word;
}

// To bfloat16, half to even: adds half of the last place that stays, less one where that place is even.
__m512 Round(__m512 x) {
  const __m512i bits = _mm512_castps_si512(x);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i half = _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff));
  const __m512i high = _mm512_set1_epi32(static_cast<int>(0xffff0000));
  const __m512i rounded = _mm512_and_si512(_mm512_add_epi32(bits, half), high);
  // NaNs could carry into the sign.
  return _mm512_mask_mov_ps(_mm512_castsi512_ps(rounded), _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), x);
}

}  // namespace

float QuantizeBinaryX86Avx512Vnni(size_t n, const float* x, uint64_t* plus) {
  __m512 sum = _mm512_setzero_ps();
  for (size_t i = 0; i < n; i += kWordBits) {
    uint64_t word = 0;
    for (size_t j = 0; j < kWordBits; j += kLanes) {
      const __m512 value = _mm512_loadu_ps(x + i + j);
      sum = _mm512_add_ps(sum, _mm512_abs_ps(value));
      word |= static_cast<uint64_t>(_mm512_cmp_ps_mask(value, _mm512_setzero_ps(), _CMP_GE_OQ)) << j;
    }
    plus[i / kWordBits] = word;
  }
  return Fold(sum) / static_cast<float>(n);
}

TernaryRow QuantizeTernaryX86Avx512Vnni(size_t n, const float* x, uint64_t* plus, uint64_t* minus) {
  __m512 sum = _mm512_setzero_ps();
  for (size_t i = 0; i < n; i += kLanes) sum = _mm512_add_ps(sum, _mm512_abs_ps(_mm512_loadu_ps(x + i)));
  const float mean = Fold(sum) / static_cast<float>(n);
  const float scale = mean < 1e-5f ? 1e-5f : mean;
  const __m512 half = _mm512_set1_ps(scale * 0.5f);
  const __m512 minus_half = _mm512_set1_ps(scale * -0.5f);
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

void RoundToBf16X86Avx512Vnni(size_t n, const float* x, float* y) {
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) _mm512_storeu_ps(y + i, Round(_mm512_loadu_ps(x + i)));
  // Masked lanes are neither read nor written.
  const auto present = static_cast<__mmask16>((1u << (n - i)) - 1);
  _mm512_mask_storeu_ps(y + i, present, Round(_mm512_maskz_loadu_ps(present, x + i)));
}

}  // namespace bitnet
