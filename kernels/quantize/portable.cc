#include <algorithm>
#include <cmath>

#include "kernels/quantize/quantize.h"

namespace bitnet {
namespace {

// Below 2^22, adding 1.5 * 2^23 leaves no bits for a fraction: the addition itself rounds half to even, and
// the subtraction is exact. Unlike std::nearbyint this is no library call on baseline x86-64.
constexpr float kRoundingShift = 0x1.8p23f;

struct Quantized {
  float absmax, scale;  // absmax is at least 1e-5.
  int32_t sum;
};

Quantized QuantizeRow(size_t n, const float* x, int8_t* q) {
  float absmax = 1e-5f;
  for (size_t i = 0; i < n; ++i) absmax = std::max(absmax, std::fabs(x[i]));
  const float scale = 127.0f / absmax;
  int32_t sum = 0;
  for (size_t i = 0; i < n; ++i) {
    // |x * scale| <= 127 up to rounding, so the sum with the shift is within the trick's range.
    const float rounded = (x[i] * scale + kRoundingShift) - kRoundingShift;
    q[i] = static_cast<int8_t>(std::clamp(static_cast<int32_t>(rounded), -128, 127));
    sum += q[i];
  }
  return {.absmax = absmax, .scale = scale, .sum = sum};
}

}  // namespace

QuantizedRow QuantizeInt8Portable(size_t n, const float* x, int8_t* q) {
  const Quantized row = QuantizeRow(n, x, q);
  return {.scale = row.scale, .sum = row.sum};
}

void QuantizeInt8GroupsPortable(size_t n, size_t group, const float* x, int8_t* q, float* x_inv,
                                int32_t* x_sum) {
  for (size_t i = 0; i < n; i += group) {
    const Quantized row = QuantizeRow(group, x + i, q + i);
    *x_inv++ = row.absmax / 127.0f;
    *x_sum++ = row.sum;
  }
}

}  // namespace bitnet
