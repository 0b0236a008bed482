#include <immintrin.h>

#include "bench/machine/int8_peak.h"

namespace bitnet {

// 12 sums: five cycles of latency on two ports, and some to spare.
void Int8RoundsX86Avx512Vnni(size_t rounds) {
  const __m512i a = _mm512_set1_epi8(3);
  const __m512i b = _mm512_set1_epi8(1);
  __m512i sums[12];
  for (__m512i& sum : sums) {
    sum = _mm512_setzero_si512();
  }
  for (size_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < 12; ++i) {
      sums[i] = _mm512_dpbusd_epi32(sums[i], a, b);
      asm volatile("" : "+v"(sums[i]));
    }
  }
}

}  // namespace bitnet
