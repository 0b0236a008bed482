#include "kernels/int6_gemm/int6_gemm.h"

namespace bitnet {
namespace {

// The sum of w_scale * w * x of row r in one block of 32.
int32_t BlockSum(const uint8_t* w, const int8_t* w_scale, size_t r, const int8_t* x) {
  int32_t sum = 0;
  for (size_t k = 0; k < kInt6BlockK; ++k) {
    const size_t byte = 4 * r + k % 4;
    const int low = w[64 * (k / 8) + byte] >> (k / 4 % 2 * 4) & 15;
    const int high = w[64 * (4 + k / 16) + byte] >> (k / 4 % 4 * 2) & 3;
    sum += w_scale[2 * r + k / kInt6Group] * (low + 16 * high - 32) * x[k];
  }
  return sum;
}

}  // namespace

void Int6GemmPortable(const Int6GemmArgs& args) {
  const size_t blocks = args.k / kInt6BlockK;
  for (size_t t = 0; t < args.tiles; ++t) {
    for (size_t b = 0; b < args.batch; ++b) {
      for (size_t r = 0; r < kInt6TileRows; ++r) {
        int32_t sum = 0;
        for (size_t block = 0; block < blocks; ++block) {
          const size_t at = t * blocks + block;
          sum += BlockSum(args.w + at * kInt6BlockBytes, args.w_scale + at * kInt6BlockScales, r,
                          args.x + b * args.x_stride + block * kInt6BlockK);
        }
        const size_t row = t * kInt6TileRows + r;
        args.y[b * args.y_stride + row] = static_cast<float>(sum) * (args.row_scale[row] * args.x_scale[b]);
      }
    }
  }
}

}  // namespace bitnet
