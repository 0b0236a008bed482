// I2_S, Microsoft's ternary type: codes of two bits (weight + 1), then the scale of the whole tensor.
#include "engine/formats/block_bytes.h"
#include "engine/formats/format.h"

namespace bitnet {
namespace {

// Blocks of the row-major tensor: byte b holds weights b, b + kBytes, b + 2 * kBytes and b + 3 * kBytes, the
// first in the top bits.
template <size_t kBytes>
bool DecodeBlock(const StoredMatrix& matrix, size_t row, size_t begin, int8_t* out, float* scale) {
  const uint8_t* in = matrix.data + (row * matrix.k + begin) / 4;
  uint8_t threes = 0;
  for (size_t b = 0; b < kBytes; ++b) {
    threes |= in[b] & in[b] >> 1;
    for (size_t part = 0; part < 4; ++part) {
      out[part * kBytes + b] = static_cast<int8_t>((in[b] >> (6 - 2 * part) & 3) - 1);
    }
  }
  *scale = matrix.scale;
  return (threes & 0x55) == 0;
}

}  // namespace

bool DecodeI2s128(const StoredMatrix& matrix, size_t row, size_t begin, size_t /*count*/, int8_t* out,
                  float* scale) {
  return DecodeBlock<32>(matrix, row, begin, out, scale);
}

bool DecodeI2s64(const StoredMatrix& matrix, size_t row, size_t begin, size_t /*count*/, int8_t* out,
                 float* scale) {
  return DecodeBlock<16>(matrix, row, begin, out, scale);
}

// Byte r / 4 * k + j holds weight j of four rows from r on, the first in the top bits.
bool DecodeI2s4Rows(const StoredMatrix& matrix, size_t row, size_t begin, size_t count, int8_t* out,
                    float* scale) {
  const uint8_t* in = matrix.data + row / 4 * matrix.k + begin;
  const size_t shift = 6 - 2 * (row % 4);
  int worst = 0;
  for (size_t j = 0; j < count; ++j) {
    const int code = in[j] >> shift & 3;
    worst = code > worst ? code : worst;
    out[j] = static_cast<int8_t>(code - 1);
  }
  *scale = matrix.scale;
  return worst < 3;
}

void EncodeI2s128(const WritableMatrix& matrix, size_t row, size_t begin, const int8_t* in, float /*scale*/) {
  uint8_t* out = matrix.data + (row * matrix.k + begin) / 4;
  for (size_t b = 0; b < 32; ++b) {
    out[b] = static_cast<uint8_t>((in[b] + 1) << 6 | (in[b + 32] + 1) << 4 | (in[b + 64] + 1) << 2 |
                                  (in[b + 96] + 1));
  }
}

// The scale, and zeros up to 32 bytes.
void FinishI2s(const WritableMatrix& matrix, float tensor_scale) {
  uint8_t* tail = matrix.data + matrix.rows * matrix.k / 4;
  std::memset(tail, 0, 32);
  StoreFloat(tail, tensor_scale);
}

}  // namespace bitnet
