// Our 6-bit type for output heads (kernels/int6_gemm has its layout): tiles of 16 rows with blocks of 32
// columns; then, tile by tile, the int8 scales of each block, two for a row; then a float scale for every row
// of every tile; then a footer (engine/weights/packed_format.h).

#include "engine/formats/int6_tiles.h"

#include <cmath>
#include <cstring>
#include <vector>

#include "engine/formats/block_bytes.h"
#include "engine/formats/format.h"
#include "engine/model/packed_footer.h"
#include "kernels/int6_gemm/int6_gemm.h"

namespace bitnet {
namespace {

size_t Tiles(size_t rows) { return (rows + kInt6TileRows - 1) / kInt6TileRows; }

// Where a row's part of each of the three begins; blocks of it are a block's bytes apart.
struct RowPlace {
  RowPlace(size_t rows, size_t k, size_t row)
      : codes(row / kInt6TileRows * Int6TileBytes(k)),
        scales(Tiles(rows) * Int6TileBytes(k) + row / kInt6TileRows * Int6TileScales(k) +
               2 * (row % kInt6TileRows)),
        row_scale(Tiles(rows) * (Int6TileBytes(k) + Int6TileScales(k)) + row * sizeof(float)) {}

  size_t codes;
  size_t scales;
  size_t row_scale;
};

// Round half to even, for magnitudes below 2^22.
float Round(float value) {
  constexpr float kMagic = 12582912.0f;  // 1.5 * 2^23, where floats are integers.
  return (value + kMagic) - kMagic;
}

float Clamp(float value, float low, float high) { return value < low ? low : value > high ? high : value; }

// The step of a group whose largest weight is to become -32, the end of the codes that has one more.
float Step(const float* group) {
  float largest = 0;
  float magnitude = 0;
  for (size_t i = 0; i < kInt6Group; ++i) {
    const float a = std::fabs(group[i]);
    largest = a > magnitude ? group[i] : largest;
    magnitude = a > magnitude ? a : magnitude;
  }
  return largest / -32;
}

void RoundGroup(const float* in, float step, int8_t* out) {
  const float inverse = step == 0 ? 0 : 1 / step;
  for (size_t i = 0; i < kInt6Group; ++i) {
    out[i] = static_cast<int8_t>(Clamp(Round(Clamp(in[i] * inverse, -40, 40)), -32, 31));
  }
}

}  // namespace

void DecodeInt6(const StoredMatrix& matrix, size_t row, size_t begin, size_t count, float* out) {
  const RowPlace place(matrix.rows, matrix.k, row);
  const float row_scale = LoadFloat(matrix.data + place.row_scale);
  for (size_t at = 0; at < count; ++at) {
    const size_t block = (begin + at) / kInt6BlockK;
    const size_t j = (begin + at) % kInt6BlockK;
    const uint8_t* codes =
        matrix.data + place.codes + block * kInt6BlockBytes + row % kInt6TileRows * 4 + j % 4;
    const int low = codes[64 * (j / 8)] >> j / 4 % 2 * 4 & 15;
    const int high = codes[64 * (4 + j / 16)] >> j / 4 % 4 * 2 & 3;
    const auto scale =
        static_cast<int8_t>(matrix.data[place.scales + block * kInt6BlockScales + j / kInt6Group]);
    out[at] = static_cast<float>(scale * (low + 16 * high - 32)) * row_scale;
  }
}

void EncodeInt6(const WritableMatrix& matrix, size_t row, size_t /*begin*/, size_t /*count*/,
                const float* in) {
  const RowPlace place(matrix.rows, matrix.k, row);
  std::vector<float> steps(matrix.k / kInt6Group);
  float largest = 0;
  for (size_t g = 0; g < steps.size(); ++g) {
    steps[g] = Step(in + g * kInt6Group);
    const float magnitude = std::fabs(steps[g]);
    largest = magnitude > largest ? magnitude : largest;
  }
  const float row_scale = largest / 127;
  const float inverse = row_scale == 0 ? 0 : 1 / row_scale;
  StoreFloat(matrix.data + place.row_scale, row_scale);
  for (size_t block = 0; block < matrix.k / kInt6BlockK; ++block, in += kInt6BlockK) {
    int8_t codes[kInt6BlockK];
    for (size_t g = 0; g < 2; ++g) {
      const float* group = in + g * kInt6Group;
      const float scale = Clamp(Round(Clamp(steps[2 * block + g] * inverse, -200, 200)), -127, 127);
      RoundGroup(group, scale * row_scale, codes + g * kInt6Group);
      matrix.data[place.scales + block * kInt6BlockScales + g] =
          static_cast<uint8_t>(static_cast<int8_t>(scale));
    }
    PackInt6Row(row % kInt6TileRows, codes, matrix.data + place.codes + block * kInt6BlockBytes);
  }
}

// Rows that fill up the last tile are zeros.
void FinishInt6(const WritableMatrix& matrix, float /*tensor_scale*/) {
  const std::vector<float> zeros(matrix.k);
  const size_t padded = Tiles(matrix.rows) * kInt6TileRows;
  for (size_t row = matrix.rows; row < padded; ++row) {
    EncodeInt6({matrix.data, padded, matrix.k}, row, 0, matrix.k, zeros.data());
  }
  const PackedFooter footer = {.scale = 1, .group = 0, .version = kPackedVersion, .reserved = {}};
  std::memcpy(matrix.data + RowPlace(matrix.rows, matrix.k, padded).row_scale, &footer, sizeof(footer));
}

bool EncodeInt6Rows(const RowDecoder& source, size_t begin, size_t end, std::span<uint8_t> tensor) {
  std::vector<float> row(source.k());
  bool valid = true;
  for (size_t r = begin; r < end; ++r) {
    valid &= source.Floats(r, row.data());
    EncodeInt6({tensor.data(), source.rows(), source.k()}, r, 0, source.k(), row.data());
  }
  return valid;
}

void FinishInt6Tensor(size_t rows, size_t k, std::span<uint8_t> tensor) {
  FinishInt6({tensor.data(), rows, k}, 1);
}

}  // namespace bitnet
