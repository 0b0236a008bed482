#include "kernels/column_gemv/column_gemv.h"

namespace bitnet {
namespace {

constexpr size_t kBlockBytes = kColumnBlockRows / 4;

void AddColumn(size_t rows, const uint8_t* column, int32_t value, int32_t* sums) {
  for (size_t row = 0; row < rows; row += kColumnBlockRows, column += kBlockBytes, sums += kColumnBlockRows) {
    for (size_t i = 0; i < kBlockBytes; ++i) {
      const int32_t codes = column[i];
      sums[i] += (codes & 3) * value;
      sums[kBlockBytes + i] += (codes >> 2 & 3) * value;
      sums[2 * kBlockBytes + i] += (codes >> 4 & 3) * value;
      sums[3 * kBlockBytes + i] += (codes >> 6) * value;
    }
  }
}

}  // namespace

void ColumnGemvPortable(const ColumnGemvArgs& args) {
  const size_t column_bytes = PackedColumnBytes(args.rows);
  for (size_t i = 0; i < args.num_columns; ++i) {
    AddColumn(args.rows, args.w + args.columns[i] * column_bytes, args.values[i], args.sums);
  }
}

}  // namespace bitnet
