// One matrix, some of its tiles, a prepared batch: the kernel that fits.
#pragma once

#include <cstddef>

#include "engine/transformer/kernel_set.h"
#include "engine/transformer/linear_input.h"
#include "engine/weights/matrix.h"

namespace bitnet {

struct TileRange {
  size_t begin;
  size_t end;
};

// Row r of the product of token b goes to y[b * stride + r].
struct ProductOut {
  float* y;
  size_t stride;
};

// Of a layout with float weights.
FloatType FloatTypeOf(MatrixLayout layout);

// Multiplies `tiles` of 16 rows of `matrix` by the first `batch` rows of `input`, which has the matrix's
// format. `factors` [batch], of kInt8Token only: weight scale / activation scale. Layouts with float weights
// write only rows that there are, the others whole tiles.
void MultiplyTiles(const KernelSet& kernels, const Matrix& matrix, const LinearInput& input, size_t batch,
                   const float* factors, TileRange tiles, ProductOut out);

}  // namespace bitnet
