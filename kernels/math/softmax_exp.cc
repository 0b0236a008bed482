#include <bit>
#include <cmath>
#include <cstdint>
#include <initializer_list>

#include "kernels/math/exp.h"
#include "kernels/math/math.h"

namespace bitnet {

float SoftmaxExp(float x) {
  if (x < kExpMin) return 0.0f;
  if (std::isnan(x)) return x;
  // Adding 1.5 * 2^23 rounds half to even at the integer, and the subtraction is exact.
  const float n = (x * kExpLog2E + 0x1.8p23f) - 0x1.8p23f;
  float r = std::fma(n, -kExpLn2Hi, x);
  r = std::fma(n, -kExpLn2Lo, r);
  float p = kExpC7;
  for (float c : {kExpC6, kExpC5, kExpC4, kExpC3, kExpC2, 1.0f, 1.0f}) p = std::fma(p, r, c);
  return p * std::bit_cast<float>((static_cast<int32_t>(n) + 127) << 23);
}

}  // namespace bitnet
