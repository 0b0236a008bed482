#include <bit>
#include <cmath>

#include "kernels/grouped_gemm/grouped_gemm.h"

// Fused only where std::fma says so: the build sets -ffp-contract=off, and equality with the other variants
// relies on it.
namespace bitnet {
namespace {

constexpr size_t kBlockBytes = 64;

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

// Adds one block of 16 rows by 32 k to the rows' sums of 2 * bit * x.
void AddBlock1(const uint8_t* w, const int8_t* x, int32_t* sums) {
  for (size_t r = 0; r < kGroupedTileRows; ++r) {
    int32_t sum = 0;
    for (size_t i = 0; i < 4; ++i) {
      for (size_t p = 0; p < 8; ++p) sum += (w[4 * r + i] >> p & 1) * x[4 * p + i];
    }
    sums[r] += 2 * sum;
  }
}

// Adds one block of 16 rows by 16 k to the rows' sums of code * x.
void AddBlock2(const uint8_t* w, const int8_t* x, int32_t* sums) {
  for (size_t r = 0; r < kGroupedTileRows; ++r) {
    int32_t sum = 0;
    for (size_t i = 0; i < 4; ++i) {
      for (size_t p = 0; p < 4; ++p) sum += (w[4 * r + i] >> 2 * p & 3) * x[4 * p + i];
    }
    sums[r] += sum;
  }
}

}  // namespace

void GroupedGemmPortable(const GroupedGemmArgs& args) {
  const size_t block_k = GroupedBlockK(args.layout);
  const auto add_block = args.layout == GroupedLayout::k1Bit ? AddBlock1 : AddBlock2;
  const size_t groups = args.k / args.group;
  for (size_t t = 0; t < args.tiles; ++t) {
    const uint8_t* tile = args.w + t * GroupedTileBytes(args.layout, args.k);
    for (size_t b = 0; b < args.batch; ++b) {
      const int8_t* x = args.x + b * args.x_stride;
      float acc[kGroupedTileRows] = {};
      for (size_t g = 0; g < groups; ++g) {
        int32_t sums[kGroupedTileRows] = {};
        for (size_t k0 = g * args.group; k0 < (g + 1) * args.group; k0 += block_k) {
          add_block(tile + k0 / block_k * kBlockBytes, x + k0, sums);
        }
        // Either code stands for a weight w as 2 * bit = w + 1 or code = w + 1, so one sum of x comes off.
        const int32_t x_sum = args.x_sum[b * groups + g];
        const float x_inv = args.x_inv[b * groups + g];
        const uint16_t* w_scale = args.w_scale + (t * groups + g) * kGroupedTileRows;
        for (size_t r = 0; r < kGroupedTileRows; ++r) {
          acc[r] = std::fma(static_cast<float>(sums[r] - x_sum), Widen(w_scale[r]) * x_inv, acc[r]);
        }
      }
      float* y = args.y + b * args.y_stride + t * kGroupedTileRows;
      for (size_t r = 0; r < kGroupedTileRows; ++r) y[r] = acc[r];
    }
  }
}

}  // namespace bitnet
