// ggml's K-quants: blocks of 256 weights of 4 to 6 bits, in sub-blocks with small integer scales of their
// own. Every product and sum rounds as ggml's reference does, so the floats are the same to the bit.
#include "engine/formats/block_bytes.h"
#include "engine/formats/format.h"

namespace bitnet {
namespace {

constexpr size_t kBlock = 256;
constexpr size_t kSubBlock = 32;  // Of Q4_K and Q5_K, 8 in a block.
constexpr size_t kQ4KBytes = 144;
constexpr size_t kQ5KBytes = 176;
constexpr size_t kQ6KBytes = 210;

struct SubScale {
  float d;  // A weight is d * code - min.
  float min;
};

// The head of Q4_K and Q5_K: halves d and dmin, then 12 bytes with a scale and a minimum of 6 bits for each
// sub-block: those of 0 to 3 in the low bits of bytes 0 to 3 and 4 to 7; those of 4 to 7 with their low four
// bits in the two halves of bytes 8 to 11, and their upper two in the top of bytes 0 to 3 and 4 to 7.
constexpr size_t kHeadBytes = 16;

SubScale ReadSubScale(const uint8_t* head, size_t sub) {
  const uint8_t* packed = head + 4;
  int scale;
  int min;
  if (sub < 4) {
    scale = packed[sub] & 63;
    min = packed[sub + 4] & 63;
  } else {
    scale = (packed[sub + 4] & 15) | packed[sub - 4] >> 6 << 4;
    min = packed[sub + 4] >> 4 | packed[sub] >> 6 << 4;
  }
  return {.d = LoadHalf(head) * static_cast<float>(scale),
          .min = LoadHalf(head + 2) * static_cast<float>(min)};
}

}  // namespace

// The head; then 32 bytes for two sub-blocks each, one in the low and one in the high halves.
void DecodeQ4K(const StoredMatrix& matrix, size_t row, size_t begin, size_t count, float* out) {
  const uint8_t* in = matrix.data + (row * matrix.k + begin) / kBlock * kQ4KBytes;
  for (size_t i = 0; i < count; i += kBlock, in += kQ4KBytes) {
    for (size_t sub = 0; sub < 8; ++sub, out += kSubBlock) {
      const SubScale scale = ReadSubScale(in, sub);
      const uint8_t* low = in + kHeadBytes + sub / 2 * kSubBlock;
      for (size_t j = 0; j < kSubBlock; ++j) {
        out[j] = scale.d * static_cast<float>(low[j] >> sub % 2 * 4 & 15) - scale.min;
      }
    }
  }
}

// The head; 32 bytes of fifth bits, bit s of byte j that of weight j of sub-block s; then as Q4_K.
void DecodeQ5K(const StoredMatrix& matrix, size_t row, size_t begin, size_t count, float* out) {
  const uint8_t* in = matrix.data + (row * matrix.k + begin) / kBlock * kQ5KBytes;
  for (size_t i = 0; i < count; i += kBlock, in += kQ5KBytes) {
    const uint8_t* high = in + kHeadBytes;
    for (size_t sub = 0; sub < 8; ++sub, out += kSubBlock) {
      const SubScale scale = ReadSubScale(in, sub);
      const uint8_t* low = high + kSubBlock + sub / 2 * kSubBlock;
      for (size_t j = 0; j < kSubBlock; ++j) {
        const int code = (low[j] >> sub % 2 * 4 & 15) | (high[j] >> sub & 1) << 4;
        out[j] = scale.d * static_cast<float>(code) - scale.min;
      }
    }
  }
}

// 128 bytes of low bits, 64 of the upper two, 16 signed scales (one for 16 weights), a half d. Of either 128
// weights, quarter q (32 weights) has its low bits in bytes 32 * (q % 2) + j of their 64, in the high half
// from q = 2 on, and its upper bits in bits 2q of bytes j of their 32. A code is weight / scale + 32.
void DecodeQ6K(const StoredMatrix& matrix, size_t row, size_t begin, size_t count, float* out) {
  const uint8_t* in = matrix.data + (row * matrix.k + begin) / kBlock * kQ6KBytes;
  for (size_t i = 0; i < count; i += kBlock, in += kQ6KBytes) {
    const float d = LoadHalf(in + 208);
    for (size_t group = 0; group < 8; ++group, out += 32) {
      const size_t q = group % 4;
      const uint8_t* low = in + group / 4 * 64 + q % 2 * 32;
      const uint8_t* high = in + 128 + group / 4 * 32;
      for (size_t j = 0; j < 32; ++j) {
        const auto scale = static_cast<int8_t>(in[192 + group * 2 + j / 16]);
        const int code = (low[j] >> q / 2 * 4 & 15) | (high[j] >> 2 * q & 3) << 4;
        out[j] = d * static_cast<float>(scale) * static_cast<float>(code - 32);
      }
    }
  }
}

}  // namespace bitnet
