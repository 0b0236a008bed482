// Q1_K, our 1-bit type: tiles of 8 rows, in which a block of 64 columns takes 64 bytes. Byte 8 * r + j / 8 of
// a block has weight j of the tile's row r in bit j % 8: 1 is +1, 0 is -1. Blocks come in the order of
// columns, tiles in that of rows; then a float scale for every row of every tile, then a footer
// (engine/weights/packed_format.h).
#include "engine/formats/block_bytes.h"
#include "engine/formats/format.h"
#include "engine/model/packed_footer.h"

namespace bitnet {
namespace {

constexpr size_t kTileRows = 8;
constexpr size_t kBlock = 64;

}  // namespace

bool DecodeQ1K(const StoredMatrix& matrix, size_t row, size_t begin, size_t /*count*/, int8_t* out,
               float* scale) {
  // A tile has as many bytes as columns.
  const uint8_t* bits = matrix.data + row / kTileRows * matrix.k + begin + row % kTileRows * 8;
  for (size_t j = 0; j < kBlock; ++j) {
    out[j] = static_cast<int8_t>(2 * (bits[j / 8] >> j % 8 & 1) - 1);
  }
  const size_t tiles = (matrix.rows + kTileRows - 1) / kTileRows;
  *scale = LoadFloat(matrix.data + tiles * matrix.k + row * sizeof(float));
  return true;
}

void EncodeQ1K(const WritableMatrix& matrix, size_t row, size_t begin, const int8_t* in, float scale) {
  uint8_t* bits = matrix.data + row / kTileRows * matrix.k + begin + row % kTileRows * 8;
  for (size_t b = 0; b < kBlock / 8; ++b) {
    bits[b] = SignBits(in + 8 * b);
  }
  const size_t tiles = (matrix.rows + kTileRows - 1) / kTileRows;
  StoreFloat(matrix.data + tiles * matrix.k + row * sizeof(float), scale);
}

// Rows that fill up the last tile are zeros, as are their scales.
void FinishQ1K(const WritableMatrix& matrix, float /*tensor_scale*/) {
  const size_t tiles = (matrix.rows + kTileRows - 1) / kTileRows;
  uint8_t* scales = matrix.data + tiles * matrix.k;
  for (size_t row = matrix.rows; row < tiles * kTileRows; ++row) {
    uint8_t* bits = matrix.data + row / kTileRows * matrix.k + row % kTileRows * 8;
    for (size_t begin = 0; begin < matrix.k; begin += kBlock) {
      std::memset(bits + begin, 0, kBlock / 8);
    }
    StoreFloat(scales + row * sizeof(float), 0);
  }
  uint8_t* footer = scales + tiles * kTileRows * sizeof(float);
  const PackedFooter written = {.scale = 1, .group = 0, .version = kPackedVersion, .reserved = {}};
  std::memcpy(footer, &written, sizeof(written));
}

}  // namespace bitnet
