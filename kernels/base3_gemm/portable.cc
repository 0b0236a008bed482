#include "kernels/base3_gemm/base3_gemm.h"

namespace bitnet {
namespace {

constexpr size_t kBlockBytes = 64;

// Adds one block of 16 rows by 20 k to the rows' sums of w * x.
void AddBlock(const uint8_t* w, const int8_t* x, int32_t* sums) {
  for (size_t r = 0; r < kBase3TileRows; ++r) {
    int32_t sum = 0;
    for (size_t i = 0; i < 4; ++i) {
      int32_t byte = static_cast<int8_t>(w[4 * r + i]);
      for (size_t digit = 0; digit < 5; ++digit) {
        const int32_t weight = (3 * byte + 128) >> 8;
        byte = 3 * byte - 256 * weight;
        sum += weight * x[4 * digit + i];
      }
    }
    sums[r] += sum;
  }
}

}  // namespace

void Base3GemmPortable(const Base3GemmArgs& args) {
  for (size_t t = 0; t < args.tiles; ++t) {
    const uint8_t* tile = args.w + t * Base3TileBytes(args.k);
    for (size_t b = 0; b < args.batch; ++b) {
      const int8_t* x = args.x + b * args.x_stride;
      int32_t sums[kBase3TileRows] = {};
      for (size_t k0 = 0; k0 < args.k; k0 += kBase3BlockK) {
        AddBlock(tile + k0 / kBase3BlockK * kBlockBytes, x + k0, sums);
      }
      float* y = args.y + b * args.y_stride + t * kBase3TileRows;
      for (size_t r = 0; r < kBase3TileRows; ++r) y[r] = static_cast<float>(sums[r]) * args.factor[b];
    }
  }
}

}  // namespace bitnet
