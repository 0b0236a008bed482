#include <bit>
#include <cmath>

#include "kernels/int6_gemm/int6_gemm.h"

// Fused only where std::fma says so: the build sets -ffp-contract=off, and equality with the other variants
// relies on it.
namespace bitnet {
namespace {

// A finite half, exactly.
float Widen(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = half >> 10 & 0x1f;
  const uint32_t mantissa = half & 0x3ff;
  if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 127 - 15) << 23 | mantissa << 13);
  // Subnormal: mantissa * 2^-24, a product without rounding.
  const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
  return sign != 0 ? -magnitude : magnitude;
}

// The sum of code * x of row r in one group.
int32_t SumOfCodes(const uint8_t* w, size_t r, const int8_t* x) {
  int32_t sum = 0;
  for (size_t k = 0; k < kInt6Group; ++k) {
    const size_t byte = 4 * r + k % 4;
    const int low = w[64 * (k / 8) + byte] >> (k / 4 % 2 * 4) & 15;
    const int high = w[64 * (4 + k / 16) + byte] >> (k / 4 % 4 * 2) & 3;
    sum += (low + 16 * high) * x[k];
  }
  return sum;
}

}  // namespace

void Int6GemmPortable(const Int6GemmArgs& args) {
  const size_t groups = args.k / kInt6Group;
  for (size_t t = 0; t < args.tiles; ++t) {
    for (size_t b = 0; b < args.batch; ++b) {
      float acc[kInt6TileRows] = {};
      for (size_t g = 0; g < groups; ++g) {
        const uint8_t* w = args.w + (t * groups + g) * kInt6GroupBytes;
        const uint16_t* w_scale = args.w_scale + (t * groups + g) * kInt6TileRows;
        const int32_t x_sum = args.x_sum[b * groups + g];
        const float x_inv = args.x_inv[b * groups + g];
        for (size_t r = 0; r < kInt6TileRows; ++r) {
          const int32_t sum = SumOfCodes(w, r, args.x + b * args.x_stride + g * kInt6Group) - 32 * x_sum;
          acc[r] = std::fma(static_cast<float>(sum), Widen(w_scale[r]) * x_inv, acc[r]);
        }
      }
      float* y = args.y + b * args.y_stride + t * kInt6TileRows;
      for (size_t r = 0; r < kInt6TileRows; ++r) y[r] = acc[r];
    }
  }
}

}  // namespace bitnet
