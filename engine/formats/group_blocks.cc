// ggml's 1-bit type and its 2-bit type of four values: a half scale, then weights in order from the low bits.
#include "engine/formats/block_bytes.h"
#include "engine/formats/format.h"

namespace bitnet {
namespace {

template <size_t kBlock>
bool DecodeTwoBit(const StoredMatrix& matrix, size_t row, size_t begin, int8_t* out, float* scale) {
  const uint8_t* block = matrix.data + (row * matrix.k + begin) / kBlock * (2 + kBlock / 4);
  for (size_t j = 0; j < kBlock; ++j) {
    out[j] = static_cast<int8_t>((block[2 + j / 4] >> 2 * (j % 4) & 3) - 1);
  }
  *scale = LoadHalf(block);
  return true;
}

template <size_t kBlock>
void EncodeTwoBit(const WritableMatrix& matrix, size_t row, size_t begin, const int8_t* in, float scale) {
  uint8_t* block = matrix.data + (row * matrix.k + begin) / kBlock * (2 + kBlock / 4);
  StoreHalf(block, scale);
  for (size_t b = 0; b < kBlock / 4; ++b, in += 4) {
    block[2 + b] = static_cast<uint8_t>((in[0] + 1) | (in[1] + 1) << 2 | (in[2] + 1) << 4 | (in[3] + 1) << 6);
  }
}

}  // namespace

// Groups of 128. A bit of 1 is +1, 0 is -1.
bool DecodeQ1_0(const StoredMatrix& matrix, size_t row, size_t begin, size_t /*count*/, int8_t* out,
                float* scale) {
  constexpr size_t kBlock = 128;
  const uint8_t* block = matrix.data + (row * matrix.k + begin) / kBlock * (2 + kBlock / 8);
  for (size_t j = 0; j < kBlock; ++j) {
    out[j] = static_cast<int8_t>(2 * (block[2 + j / 8] >> j % 8 & 1) - 1);
  }
  *scale = LoadHalf(block);
  return true;
}

// Groups of 64. A code is weight + 1.
bool DecodeQ2_0(const StoredMatrix& matrix, size_t row, size_t begin, size_t /*count*/, int8_t* out,
                float* scale) {
  return DecodeTwoBit<64>(matrix, row, begin, out, scale);
}

// The same in groups of 128.
bool DecodePQ2_0(const StoredMatrix& matrix, size_t row, size_t begin, size_t /*count*/, int8_t* out,
                 float* scale) {
  return DecodeTwoBit<128>(matrix, row, begin, out, scale);
}

void EncodeQ1_0(const WritableMatrix& matrix, size_t row, size_t begin, const int8_t* in, float scale) {
  constexpr size_t kBlock = 128;
  uint8_t* block = matrix.data + (row * matrix.k + begin) / kBlock * (2 + kBlock / 8);
  StoreHalf(block, scale);
  for (size_t b = 0; b < kBlock / 8; ++b) {
    block[2 + b] = SignBits(in + 8 * b);
  }
}

void EncodeQ2_0(const WritableMatrix& matrix, size_t row, size_t begin, const int8_t* in, float scale) {
  EncodeTwoBit<64>(matrix, row, begin, in, scale);
}

void EncodePQ2_0(const WritableMatrix& matrix, size_t row, size_t begin, const int8_t* in, float scale) {
  EncodeTwoBit<128>(matrix, row, begin, in, scale);
}

}  // namespace bitnet
