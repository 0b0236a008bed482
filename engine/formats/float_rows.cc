// Rows of plain floats.
#include "engine/formats/block_bytes.h"
#include "engine/formats/format.h"

namespace bitnet {

void DecodeF32(const StoredMatrix& matrix, size_t row, size_t begin, size_t count, float* out) {
  std::memcpy(out, matrix.data + (row * matrix.k + begin) * sizeof(float), count * sizeof(float));
}

void DecodeF16(const StoredMatrix& matrix, size_t row, size_t begin, size_t count, float* out) {
  const uint8_t* in = matrix.data + (row * matrix.k + begin) * 2;
  for (size_t i = 0; i < count; ++i) {
    out[i] = LoadHalf(in + 2 * i);
  }
}

void DecodeBF16(const StoredMatrix& matrix, size_t row, size_t begin, size_t count, float* out) {
  const uint8_t* in = matrix.data + (row * matrix.k + begin) * 2;
  for (size_t i = 0; i < count; ++i) {
    out[i] = LoadBFloat(in + 2 * i);
  }
}

void EncodeF32(const WritableMatrix& matrix, size_t row, size_t begin, size_t count, const float* in) {
  std::memcpy(matrix.data + (row * matrix.k + begin) * sizeof(float), in, count * sizeof(float));
}

void EncodeF16(const WritableMatrix& matrix, size_t row, size_t begin, size_t count, const float* in) {
  uint8_t* out = matrix.data + (row * matrix.k + begin) * 2;
  for (size_t i = 0; i < count; ++i) {
    StoreHalf(out + 2 * i, in[i]);
  }
}

void EncodeBF16(const WritableMatrix& matrix, size_t row, size_t begin, size_t count, const float* in) {
  uint8_t* out = matrix.data + (row * matrix.k + begin) * 2;
  for (size_t i = 0; i < count; ++i) {
    const uint16_t bfloat = FloatToBFloat(in[i]);
    std::memcpy(out + 2 * i, &bfloat, sizeof(bfloat));
  }
}

}  // namespace bitnet
