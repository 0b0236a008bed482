// Our packed types (engine/weights/packed_format.h), read back: tiles of 16 rows, in which a block of columns
// takes 64 bytes, four for each row. Of row r these are bytes 4 * r + i.
#include "engine/formats/block_bytes.h"
#include "engine/formats/format.h"

namespace bitnet {
namespace {

constexpr size_t kTileRows = 16;
constexpr size_t kBlockBytes = 64;

size_t CeilDiv(size_t n, size_t d) { return (n + d - 1) / d; }

// The four bytes of block `block` of a row; rows have `blocks`.
const uint8_t* RowBytes(const StoredMatrix& matrix, size_t blocks, size_t row, size_t block) {
  return matrix.data + (row / kTileRows * blocks + block) * kBlockBytes + row % kTileRows * 4;
}

// The half scales stand behind the tiles: of each tile, groups in order, each with 16 rows.
float GroupScale(const StoredMatrix& matrix, size_t blocks, size_t row, size_t begin) {
  const size_t tiles = CeilDiv(matrix.rows, kTileRows);
  const size_t index =
      (row / kTileRows * (matrix.k / matrix.group) + begin / matrix.group) * kTileRows + row % kTileRows;
  return LoadHalf(matrix.data + tiles * blocks * kBlockBytes + 2 * index);
}

// Column 4 * p + i of a block of 16 is in bits 2p of byte i, as weight + 1. Returns the highest code.
int DecodeTwoBits(const StoredMatrix& matrix, size_t row, size_t begin, size_t count, int8_t* out) {
  int highest = 0;
  for (size_t at = 0; at < count; at += 16) {
    const uint8_t* in = RowBytes(matrix, matrix.k / 16, row, (begin + at) / 16);
    for (size_t j = 0; j < 16; ++j) {
      const int code = in[j % 4] >> 2 * (j / 4) & 3;
      highest = code > highest ? code : highest;
      out[at + j] = static_cast<int8_t>(code - 1);
    }
  }
  return highest;
}

}  // namespace

bool DecodePacked2Bit(const StoredMatrix& matrix, size_t row, size_t begin, size_t count, int8_t* out,
                      float* scale) {
  *scale = matrix.scale;
  return DecodeTwoBits(matrix, row, begin, count, out) < 3;
}

bool DecodePackedGrouped2Bit(const StoredMatrix& matrix, size_t row, size_t begin, size_t count, int8_t* out,
                             float* scale) {
  *scale = GroupScale(matrix, matrix.k / 16, row, begin);
  DecodeTwoBits(matrix, row, begin, count, out);
  return true;
}

// Column 4 * p + i of a block of 32 is bit p of byte i: 1 is +1, 0 is -1.
bool DecodePackedGrouped1Bit(const StoredMatrix& matrix, size_t row, size_t begin, size_t count, int8_t* out,
                             float* scale) {
  const size_t blocks = matrix.k / 32;
  *scale = GroupScale(matrix, blocks, row, begin);
  for (size_t at = 0; at < count; at += 32) {
    const uint8_t* in = RowBytes(matrix, blocks, row, (begin + at) / 32);
    for (size_t j = 0; j < 32; ++j) {
      out[at + j] = static_cast<int8_t>(2 * (in[j % 4] >> j / 4 & 1) - 1);
    }
  }
  return true;
}

// Byte i holds columns i, 4 + i, 8 + i, 12 + i and 16 + i of a block of 20 as a fraction of balanced base 3,
// the first the most significant: each multiplication by 3 carries one out of the signed byte.
bool DecodePackedBase3(const StoredMatrix& matrix, size_t row, size_t begin, size_t count, int8_t* out,
                       float* scale) {
  constexpr size_t kBlock = 20;
  *scale = matrix.scale;
  for (size_t at = 0; at < count; at += kBlock) {
    const uint8_t* in = RowBytes(matrix, CeilDiv(matrix.k, kBlock), row, (begin + at) / kBlock);
    for (size_t i = 0; i < 4; ++i) {
      auto rest = static_cast<int8_t>(in[i]);
      for (size_t column = i; column < kBlock; column += 4) {
        const int tripled = 3 * rest;
        rest = static_cast<int8_t>(tripled);
        if (at + column < count) {
          out[at + column] = static_cast<int8_t>((tripled - rest) / 256);
        }
      }
    }
  }
  return true;
}

}  // namespace bitnet
