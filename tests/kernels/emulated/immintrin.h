// Found instead of the compiler's <immintrin.h> by the AVX-512 kernels of kernels_avx512_emulated_test, which
// are compiled without -mavx512*: SIMDe's AVX-512 under the intrinsics' own names. What Debian 12's SIMDe
// (0.7.4) lacks, or rounds twice, follows below, each from the operation that Intel's intrinsics guide gives
// for it. An intrinsic that neither has does not compile, since the compiler's own may not be inlined here.
#pragma once

#include_next <immintrin.h>

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

namespace emulated {

template <typename T>
using Lanes = std::array<T, 64 / sizeof(T)>;
using Floats = Lanes<float>;
using Ints = Lanes<int32_t>;

// The product is exact, only the sum rounds. SIMDe rounds both unless it may use FMA.
inline __m512 FmaddPs(__m512 a, __m512 b, __m512 c) {
  const auto x = std::bit_cast<Floats>(a);
  const auto y = std::bit_cast<Floats>(b);
  auto sum = std::bit_cast<Floats>(c);
  for (size_t i = 0; i < sum.size(); ++i) sum[i] = std::fma(x[i], y[i], sum[i]);
  return std::bit_cast<__m512>(sum);
}

inline __m512 Cvtepi32Ps(__m512i a) {
  const auto x = std::bit_cast<Ints>(a);
  Floats r;
  for (size_t i = 0; i < r.size(); ++i) r[i] = static_cast<float>(x[i]);
  return std::bit_cast<__m512>(r);
}

// Rounds as the current mode says; what does not fit becomes the "integer indefinite" value.
inline __m512i CvtpsEpi32(__m512 a) {
  const auto x = std::bit_cast<Floats>(a);
  Ints r;
  for (size_t i = 0; i < r.size(); ++i) {
    const float rounded = std::nearbyint(x[i]);
    const bool fits = rounded >= -0x1p31f && rounded < 0x1p31f;
    r[i] = fits ? static_cast<int32_t>(rounded) : std::numeric_limits<int32_t>::min();
  }
  return std::bit_cast<__m512i>(r);
}

// Each element of `Narrow`, sixteen of which are `a`, as an int.
template <typename Narrow, typename Vector>
__m512i Widen(Vector a) {
  const auto x = std::bit_cast<std::array<Narrow, 16>>(a);
  Ints r;
  for (size_t i = 0; i < r.size(); ++i) r[i] = x[i];
  return std::bit_cast<__m512i>(r);
}

inline __m512 CvtphPs(__m256i a) {
  const auto x = std::bit_cast<std::array<uint16_t, 16>>(a);
  Floats r;
  for (size_t i = 0; i < r.size(); ++i) {
    const int exponent = x[i] >> 10 & 0x1f;
    const int fraction = x[i] & 0x3ff;
    float value = std::ldexp(static_cast<float>(fraction), -24);  // Subnormal, or zero.
    if (exponent == 0x1f) {
      value =
          fraction == 0 ? std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
    } else if (exponent != 0) {
      value = std::ldexp(static_cast<float>(0x400 + fraction), exponent - 25);
    }
    r[i] = (x[i] & 0x8000) != 0 ? -value : value;
  }
  return std::bit_cast<__m512>(r);
}

inline __m256 Extractf32x8Ps(__m512 a, int half) {
  const auto x = std::bit_cast<Floats>(a);
  std::array<float, 8> r;
  for (size_t i = 0; i < r.size(); ++i) r[i] = x[8 * static_cast<size_t>(half & 1) + i];
  return std::bit_cast<__m256>(r);
}

// Lanes outside the mask are neither read nor written.
inline __m512 MaskzLoaduPs(__mmask16 mask, const void* from) {
  Floats r = {};
  for (size_t i = 0; i < r.size(); ++i) {
    if ((mask >> i & 1) != 0) std::memcpy(&r[i], static_cast<const float*>(from) + i, sizeof(float));
  }
  return std::bit_cast<__m512>(r);
}

inline void MaskStoreuPs(void* to, __mmask16 mask, __m512 a) {
  const auto x = std::bit_cast<Floats>(a);
  for (size_t i = 0; i < x.size(); ++i) {
    if ((mask >> i & 1) != 0) std::memcpy(static_cast<float*>(to) + i, &x[i], sizeof(float));
  }
}

inline void MaskCvtsepi32StoreuEpi8(void* to, __mmask16 mask, __m512i a) {
  const auto x = std::bit_cast<Ints>(a);
  for (size_t i = 0; i < x.size(); ++i) {
    const int32_t saturated = x[i] < -128 ? -128 : x[i] > 127 ? 127 : x[i];
    if ((mask >> i & 1) != 0) static_cast<int8_t*>(to)[i] = static_cast<int8_t>(saturated);
  }
}

inline __m512 MovehdupPs(__m512 a) {
  auto r = std::bit_cast<Floats>(a);
  for (size_t i = 0; i < r.size(); i += 2) r[i] = r[i + 1];
  return std::bit_cast<__m512>(r);
}

// Two of a's fours of lanes, then two of b's, each chosen by two bits.
inline __m512 ShuffleF32x4(__m512 a, __m512 b, int choice) {
  const auto x = std::bit_cast<Floats>(a);
  const auto y = std::bit_cast<Floats>(b);
  Floats r;
  for (size_t i = 0; i < r.size(); ++i) {
    const size_t four = static_cast<size_t>(choice >> (i / 4 * 2)) & 3;
    r[i] = (i < 8 ? x : y)[4 * four + i % 4];
  }
  return std::bit_cast<__m512>(r);
}

inline __m512i SraiEpi32(__m512i a, unsigned count) {
  auto r = std::bit_cast<Ints>(a);
  for (int32_t& x : r) x >>= count < 31 ? count : 31;
  return std::bit_cast<__m512i>(r);
}

inline int ReduceAddEpi32(__m512i a) {
  uint32_t sum = 0;
  for (const int32_t x : std::bit_cast<Ints>(a)) sum += static_cast<uint32_t>(x);
  return static_cast<int>(sum);
}

inline float ReduceMaxPs(__m512 a) {
  auto x = std::bit_cast<Floats>(a);
  for (size_t half = x.size() / 2; half > 0; half /= 2) {
    for (size_t i = 0; i < half; ++i) x[i] = x[i] > x[i + half] ? x[i] : x[i + half];
  }
  return x[0];
}

}  // namespace emulated

#undef _mm512_extractf32x8_ps
#undef _mm512_fmadd_ps
#undef _mm512_shuffle_f32x4
#undef _mm512_srai_epi32
#define _mm512_cvtepi32_ps emulated::Cvtepi32Ps
#define _mm512_cvtepi8_epi32 emulated::Widen<int8_t, __m128i>
#define _mm512_cvtepu16_epi32 emulated::Widen<uint16_t, __m256i>
#define _mm512_cvtph_ps emulated::CvtphPs
#define _mm512_cvtps_epi32 emulated::CvtpsEpi32
#define _mm512_extractf32x8_ps emulated::Extractf32x8Ps
#define _mm512_fmadd_ps emulated::FmaddPs
#define _mm512_mask_cvtsepi32_storeu_epi8 emulated::MaskCvtsepi32StoreuEpi8
#define _mm512_mask_storeu_ps emulated::MaskStoreuPs
#define _mm512_maskz_loadu_ps emulated::MaskzLoaduPs
#define _mm512_movehdup_ps emulated::MovehdupPs
#define _mm512_reduce_add_epi32 emulated::ReduceAddEpi32
#define _mm512_reduce_max_ps emulated::ReduceMaxPs
#define _mm512_shuffle_f32x4 emulated::ShuffleF32x4
#define _mm512_srai_epi32 emulated::SraiEpi32
