#include <cstdint>

#include "bench/machine/int8_peak.h"

namespace bitnet {

// What a compiler makes of it without being told about instructions; 64 bytes stay in the first-level cache.
void Int8RoundsPortable(size_t rounds) {
  int8_t a[64], b[64];
  for (int i = 0; i < 64; ++i) {
    a[i] = static_cast<int8_t>(i);
    b[i] = static_cast<int8_t>(3 * i);
  }
  int32_t sums[4] = {};
  for (size_t round = 0; round < rounds; ++round) {
    asm volatile("" : : "r"(&a[0]), "r"(&b[0]) : "memory");
    for (int i = 0; i < 64; i += 4) {
      for (int j = 0; j < 4; ++j) {
        sums[j] += a[i + j] * b[i + j];
      }
    }
  }
  asm volatile("" : : "r"(&sums[0]) : "memory");
}

}  // namespace bitnet
