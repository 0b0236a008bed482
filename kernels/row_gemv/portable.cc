#include "kernels/row_gemv/row_gemv.h"

namespace bitnet {
namespace {

constexpr size_t kBlockBytes = kRowBlockK / 4;

int32_t CodesTimes(size_t k, const uint8_t* w, const int8_t* x) {
  int32_t sum = 0;
  for (size_t k0 = 0; k0 < k; k0 += kRowBlockK, w += kBlockBytes) {
    for (size_t i = 0; i < kBlockBytes; ++i) {
      const int32_t codes = w[i];
      const int8_t* at = x + k0 + i;
      sum += (codes & 3) * at[0] + (codes >> 2 & 3) * at[kBlockBytes] +
             (codes >> 4 & 3) * at[2 * kBlockBytes] + (codes >> 6) * at[3 * kBlockBytes];
    }
  }
  return sum;
}

}  // namespace

void RowGemvPortable(const RowGemvArgs& args) {
  for (size_t i = 0; i < args.num_rows; ++i) {
    const size_t row = args.rows[i];
    const int32_t sum = CodesTimes(args.k, args.w + row * PackedRowBytes(args.k), args.x);
    args.y[row] = static_cast<float>(sum - args.x_sum) * args.factor;
  }
}

}  // namespace bitnet
