// Q6_K from floats (its layout is in k_quants.cc). Every 16 weights get the scale that fits them best, then
// the scales are rounded to multiples of the block's, and the codes to what those have become.
#include <algorithm>
#include <cmath>

#include "engine/formats/block_bytes.h"
#include "engine/formats/format.h"

namespace bitnet {
namespace {

constexpr size_t kBlock = 256;
constexpr size_t kBytes = 210;
constexpr size_t kSubBlock = 16;
constexpr size_t kSubBlocks = kBlock / kSubBlock;

// Half to even, for |x| < 2^22: at 1.5 * 2^23 a float has no bits for fractions. Unlike std::nearbyint this
// is no call, and compilers vectorise it.
float Round(float x) { return x + 0x1.8p23f - 0x1.8p23f; }

float Code(float x, float inverse) {
  const float code = Round(x * inverse);
  return code < -32 ? -32.0f : code > 31 ? 31.0f : code;
}

// The scale for which the best of the codes leave the least squared error, each weight's counted as much as
// its square: large weights matter most. Tried are scales around the one that makes the largest weight -32,
// all at once, since the sums of one scale after the other would wait for each other's additions.
float BestScale(const float* in) {
  float largest = 0;
  for (size_t i = 0; i < kSubBlock; ++i) {
    largest = std::fabs(in[i]) > std::fabs(largest) ? in[i] : largest;
  }
  if (!std::isfinite(34 / largest)) {
    return 0;
  }
  constexpr size_t kTried = 20;
  float inverse[kTried];
  float xq[kTried] = {};
  float qq[kTried] = {};
  for (size_t t = 0; t < kTried; ++t) {
    inverse[t] = -(31 + 0.1f * static_cast<float>(t)) / largest;
  }
  for (size_t i = 0; i < kSubBlock; ++i) {
    const float x = in[i] / largest;  // So that the sums cannot overflow.
    for (size_t t = 0; t < kTried; ++t) {
      const float code = Code(in[i], inverse[t]);
      xq[t] += x * x * x * code;
      qq[t] += x * x * code * code;
    }
  }
  // The error is sum(x^4) - xq^2 / qq with the scale xq / qq.
  size_t best = 0;
  for (size_t t = 1; t < kTried; ++t) {
    best = xq[t] * xq[t] * qq[best] > xq[best] * xq[best] * qq[t] ? t : best;
  }
  return xq[best] / qq[best] * largest;  // The largest weight's code is not 0, so neither is qq.
}

void EncodeBlock(const float* in, uint8_t* out) {
  float scales[kSubBlocks];
  float largest = 0;
  for (size_t s = 0; s < kSubBlocks; ++s) {
    scales[s] = BestScale(in + s * kSubBlock);
    largest = std::fabs(scales[s]) > std::fabs(largest) ? scales[s] : largest;
  }
  std::fill(out, out + kBytes, uint8_t{0});
  StoreHalf(out + 208, largest / -128);
  const float d = LoadHalf(out + 208);
  const float inverse_d = 1 / d;
  for (size_t s = 0; s < kSubBlocks; ++s) {
    const float rounded =
        std::isfinite(inverse_d) ? std::clamp(Round(scales[s] * inverse_d), -128.0f, 127.0f) : 0;
    out[192 + s] = static_cast<uint8_t>(static_cast<int8_t>(rounded));
    const float inverse = 1 / (d * rounded);
    for (size_t i = 0; i < kSubBlock; ++i) {
      const size_t j = s * kSubBlock + i;
      const int code = (std::isfinite(inverse) ? static_cast<int>(Code(in[j], inverse)) : 0) + 32;
      const size_t q = j % 128 / 32;
      out[j / 128 * 64 + q % 2 * 32 + j % 32] |= static_cast<uint8_t>((code & 15) << q / 2 * 4);
      out[128 + j / 128 * 32 + j % 32] |= static_cast<uint8_t>(code >> 4 << 2 * q);
    }
  }
}

}  // namespace

void EncodeQ6K(const WritableMatrix& matrix, size_t row, size_t begin, size_t count, const float* in) {
  uint8_t* out = matrix.data + (row * matrix.k + begin) / kBlock * kBytes;
  for (size_t i = 0; i < count; i += kBlock, in += kBlock, out += kBytes) {
    EncodeBlock(in, out);
  }
}

}  // namespace bitnet
