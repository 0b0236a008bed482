// ggml's blocks of 32 weights of several bits that share a half scale d, first in the block.
#include <algorithm>
#include <cmath>

#include "engine/formats/block_bytes.h"
#include "engine/formats/format.h"

namespace bitnet {
namespace {

constexpr size_t kBlock = 32;
constexpr size_t kQ4Bytes = 2 + kBlock / 2;
constexpr size_t kQ8Bytes = 2 + kBlock;

// 1 / d, or 0 where that is nothing to multiply with.
float Inverse(float d) {
  const float inverse = 1.0f / d;
  return std::isfinite(inverse) ? inverse : 0;
}

}  // namespace

// Byte j holds weights j and j + 16 in its low and high half, as weight / d + 8.
void DecodeQ4_0(const StoredMatrix& matrix, size_t row, size_t begin, size_t count, float* out) {
  const uint8_t* in = matrix.data + (row * matrix.k + begin) / kBlock * kQ4Bytes;
  for (size_t i = 0; i < count; i += kBlock, in += kQ4Bytes, out += kBlock) {
    const float d = LoadHalf(in);
    for (size_t j = 0; j < kBlock / 2; ++j) {
      const int byte = in[2 + j];
      out[j] = static_cast<float>((byte & 15) - 8) * d;
      out[j + kBlock / 2] = static_cast<float>((byte >> 4) - 8) * d;
    }
  }
}

// Byte j holds weight j / d, signed.
void DecodeQ8_0(const StoredMatrix& matrix, size_t row, size_t begin, size_t count, float* out) {
  const uint8_t* in = matrix.data + (row * matrix.k + begin) / kBlock * kQ8Bytes;
  for (size_t i = 0; i < count; i += kBlock, in += kQ8Bytes, out += kBlock) {
    const float d = LoadHalf(in);
    for (size_t j = 0; j < kBlock; ++j) {
      out[j] = static_cast<float>(static_cast<int8_t>(in[2 + j])) * d;
    }
  }
}

// As ggml's reference: the largest value, with its sign, becomes -8.
void EncodeQ4_0(const WritableMatrix& matrix, size_t row, size_t begin, size_t count, const float* in) {
  uint8_t* out = matrix.data + (row * matrix.k + begin) / kBlock * kQ4Bytes;
  for (size_t i = 0; i < count; i += kBlock, in += kBlock, out += kQ4Bytes) {
    float largest = 0;
    for (size_t j = 0; j < kBlock; ++j) {
      largest = std::fabs(in[j]) > std::fabs(largest) ? in[j] : largest;
    }
    const float d = largest / -8;
    const float inverse = Inverse(d);
    const auto code = [&](float value) { return std::min(15, static_cast<int>(value * inverse + 8.5f)); };
    StoreHalf(out, d);
    for (size_t j = 0; j < kBlock / 2; ++j) {
      out[2 + j] = static_cast<uint8_t>(code(in[j]) | code(in[j + kBlock / 2]) << 4);
    }
  }
}

// As ggml's reference: the largest value becomes 127 or -127, and halves are rounded away from zero.
void EncodeQ8_0(const WritableMatrix& matrix, size_t row, size_t begin, size_t count, const float* in) {
  uint8_t* out = matrix.data + (row * matrix.k + begin) / kBlock * kQ8Bytes;
  for (size_t i = 0; i < count; i += kBlock, in += kBlock, out += kQ8Bytes) {
    float largest = 0;
    for (size_t j = 0; j < kBlock; ++j) {
      largest = std::max(largest, std::fabs(in[j]));
    }
    const float d = largest / 127;
    const float inverse = Inverse(d);
    StoreHalf(out, d);
    for (size_t j = 0; j < kBlock; ++j) {
      out[2 + j] = static_cast<uint8_t>(static_cast<int8_t>(std::round(in[j] * inverse)));
    }
  }
}

}  // namespace bitnet
