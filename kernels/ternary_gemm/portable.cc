#include "kernels/ternary_gemm/ternary_gemm.h"

namespace bitnet {
namespace {

// Adds one block of 16 rows by 16 k to the rows' sums of code * x.
void AddBlock(const uint8_t* w, const int8_t* x, int32_t* sums) {
  for (size_t r = 0; r < kTernaryTileRows; ++r) {
    int32_t sum = 0;
    for (size_t i = 0; i < 4; ++i) {
      const int32_t codes = w[4 * r + i];
      sum += (codes & 3) * x[i] + (codes >> 2 & 3) * x[4 + i] + (codes >> 4 & 3) * x[8 + i] +
             (codes >> 6) * x[12 + i];
    }
    sums[r] += sum;
  }
}

}  // namespace

void TernaryGemmPortable(const TernaryGemmArgs& args) {
  for (size_t t = 0; t < args.tiles; ++t) {
    const uint8_t* tile = args.w + t * TernaryTileBytes(args.k);
    for (size_t b = 0; b < args.batch; ++b) {
      const int8_t* x = args.x + b * args.x_stride;
      int32_t sums[kTernaryTileRows] = {};
      for (size_t k0 = 0; k0 < args.k; k0 += kTernaryBlockK) {
        AddBlock(tile + k0 * kTernaryTileRows / 4, x + k0, sums);
      }
      float* y = args.y + b * args.y_stride + t * kTernaryTileRows;
      for (size_t r = 0; r < kTernaryTileRows; ++r) {
        y[r] = static_cast<float>(sums[r] - args.x_sum[b]) * args.factor[b];
      }
    }
  }
}

}  // namespace bitnet
