#include <arm_neon.h>

#include "bench/machine/int8_peak.h"

namespace bitnet {

// A matrix of 2 x 8 times one of 8 x 2: 32 multiply-adds. 16 sums as for sdot.
void Int8RoundsArmI8mm(size_t rounds) {
  const int8x16_t a = vdupq_n_s8(3);
  const int8x16_t b = vdupq_n_s8(1);
  int32x4_t sums[16];
  for (int32x4_t& sum : sums) {
    sum = vdupq_n_s32(0);
  }
  for (size_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {
      sums[i] = vmmlaq_s32(sums[i], a, b);
      asm volatile("" : "+w"(sums[i]));
    }
  }
}

}  // namespace bitnet
