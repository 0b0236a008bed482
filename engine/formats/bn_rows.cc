// ik_llama.cpp's ternary types: a row begins with its scale; blocks of 64 weights follow.
#include "engine/formats/block_bytes.h"
#include "engine/formats/format.h"

namespace bitnet {
namespace {

constexpr size_t kBlock = 64;
constexpr size_t kIQ1Bytes = 13;
constexpr size_t kIQ2Bytes = 16;

// 3^(4-n), which brings trit n, from the least significant one, to the top of a byte (see ternary_blocks.cc).
constexpr uint8_t kPowers[] = {81, 27, 9, 3, 1};

int8_t Trit(uint8_t byte, size_t n) {
  const auto rest = static_cast<uint8_t>(byte * kPowers[n]);
  return static_cast<int8_t>((rest * 3 >> 8) - 1);
}

}  // namespace

// A half scale. Of each 16 weights of a block, three bytes hold five each, the first least significant; the
// four last ones share the block's 13th byte.
bool DecodeIQ1BN(const StoredMatrix& matrix, size_t row, size_t begin, size_t /*count*/, int8_t* out,
                 float* scale) {
  const uint8_t* in = matrix.data + row * (2 + matrix.k / kBlock * kIQ1Bytes);
  *scale = LoadHalf(in);
  const uint8_t* block = in + 2 + begin / kBlock * kIQ1Bytes;
  for (size_t part = 0; part < 4; ++part) {
    for (size_t j = 0; j < 15; ++j) {
      *out++ = Trit(block[3 * part + j / 5], j % 5);
    }
    *out++ = Trit(block[12], part);
  }
  return true;
}

// A float scale. Byte j of a block holds weights j, j + 16, j + 32 and j + 48, the first in the low bits, as
// weight + 1.
bool DecodeIQ2BN(const StoredMatrix& matrix, size_t row, size_t begin, size_t /*count*/, int8_t* out,
                 float* scale) {
  const uint8_t* in = matrix.data + row * (4 + matrix.k / kBlock * kIQ2Bytes);
  *scale = LoadFloat(in);
  const uint8_t* block = in + 4 + begin / kBlock * kIQ2Bytes;
  uint8_t threes = 0;
  for (size_t j = 0; j < 16; ++j) {
    const uint8_t byte = block[j];
    threes |= byte & byte >> 1;
    for (size_t part = 0; part < 4; ++part) {
      out[16 * part + j] = static_cast<int8_t>((byte >> 2 * part & 3) - 1);
    }
  }
  return (threes & 0x55) == 0;
}

}  // namespace bitnet
