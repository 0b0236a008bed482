#include <immintrin.h>

#include "bench/machine/int8_peak.h"

namespace bitnet {

// Products of bytes in pairs, pairs to 32 bits, sum. An empty asm makes the operand unknown again, or the
// compiler would take the products out of the loop.
void Int8RoundsX86Avx2(size_t rounds) {
  __m256i a = _mm256_set1_epi8(3);
  const __m256i b = _mm256_set1_epi8(1);
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i sums[8];
  for (__m256i& sum : sums) {
    sum = _mm256_setzero_si256();
  }
  for (size_t round = 0; round < rounds; ++round) {
    // Written out: at -O2 a loop would keep the sums in memory.
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) {
      asm volatile("" : "+x"(a));
      sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), ones));
    }
  }
  for (__m256i& sum : sums) {
    asm volatile("" : "+x"(sum));
  }
}

}  // namespace bitnet
