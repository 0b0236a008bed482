// ggml's ternary types: blocks of 256 weights and then their half scale.
#include "engine/formats/block_bytes.h"
#include "engine/formats/format.h"

namespace bitnet {
namespace {

constexpr size_t kBlock = 256;
constexpr size_t kTQ1Bytes = 54;
constexpr size_t kTQ2Bytes = 66;

// `bytes` bytes hold `trits` times as many weights: weight n * bytes + m is trit n, from the most significant
// one, of byte m. The byte is the number of five trits times 256/243, rounded up, so that multiplying it by 3
// carries the next trit out of its top.
void DecodeTrits(const uint8_t* in, size_t bytes, size_t trits, int8_t* out) {
  uint8_t power = 1;
  for (size_t n = 0; n < trits; ++n, power = static_cast<uint8_t>(power * 3)) {
    for (size_t m = 0; m < bytes; ++m) {
      const auto rest = static_cast<uint8_t>(in[m] * power);
      *out++ = static_cast<int8_t>((rest * 3 >> 8) - 1);
    }
  }
}

void EncodeTrits(const int8_t* in, size_t bytes, size_t trits, uint8_t* out) {
  for (size_t m = 0; m < bytes; ++m) {
    int number = 0;
    for (size_t n = 0; n < 5; ++n) {
      number = number * 3 + (n < trits ? in[n * bytes + m] + 1 : 0);
    }
    out[m] = static_cast<uint8_t>((number * 256 + 242) / 243);
  }
}

}  // namespace

// 32 bytes of five trits, 16 of five, 4 of four.
bool DecodeTQ1_0(const StoredMatrix& matrix, size_t row, size_t begin, size_t /*count*/, int8_t* out,
                 float* scale) {
  const uint8_t* block = matrix.data + (row * matrix.k + begin) / kBlock * kTQ1Bytes;
  DecodeTrits(block, 32, 5, out);
  DecodeTrits(block + 32, 16, 5, out + 160);
  DecodeTrits(block + 48, 4, 4, out + 240);
  *scale = LoadHalf(block + 52);
  return true;
}

// Two halves of 128 weights in 32 bytes: weight 32 * l + m is in bits 2l of byte m, as weight + 1.
bool DecodeTQ2_0(const StoredMatrix& matrix, size_t row, size_t begin, size_t /*count*/, int8_t* out,
                 float* scale) {
  const uint8_t* block = matrix.data + (row * matrix.k + begin) / kBlock * kTQ2Bytes;
  uint8_t threes = 0;  // Bit 2l is set once a code in bits 2l+1:2l was 3.
  for (size_t half = 0; half < 2; ++half) {
    const uint8_t* in = block + half * 32;
    for (size_t l = 0; l < 4; ++l, out += 32) {
      for (size_t m = 0; m < 32; ++m) {
        out[m] = static_cast<int8_t>((in[m] >> 2 * l & 3) - 1);
      }
    }
    for (size_t m = 0; m < 32; ++m) {
      threes |= in[m] & in[m] >> 1;
    }
  }
  *scale = LoadHalf(block + 64);
  return (threes & 0x55) == 0;
}

void EncodeTQ1_0(const WritableMatrix& matrix, size_t row, size_t begin, const int8_t* in, float scale) {
  uint8_t* block = matrix.data + (row * matrix.k + begin) / kBlock * kTQ1Bytes;
  EncodeTrits(in, 32, 5, block);
  EncodeTrits(in + 160, 16, 5, block + 32);
  EncodeTrits(in + 240, 4, 4, block + 48);
  StoreHalf(block + 52, scale);
}

void EncodeTQ2_0(const WritableMatrix& matrix, size_t row, size_t begin, const int8_t* in, float scale) {
  uint8_t* block = matrix.data + (row * matrix.k + begin) / kBlock * kTQ2Bytes;
  for (size_t half = 0; half < 2; ++half, in += 128) {
    for (size_t m = 0; m < 32; ++m) {
      block[half * 32 + m] = static_cast<uint8_t>((in[m] + 1) | (in[m + 32] + 1) << 2 |
                                                  (in[m + 64] + 1) << 4 | (in[m + 96] + 1) << 6);
    }
  }
  StoreHalf(block + 64, scale);
}

}  // namespace bitnet
