#include <algorithm>
#include <bit>
#include <cmath>

#include "kernels/quantize_sign/quantize_sign.h"

namespace bitnet {
namespace {

constexpr size_t kLanes = 16;
constexpr size_t kWordBits = 64;

// n is a multiple of 16.
float MeanAbs(size_t n, const float* x) {
  float lanes[kLanes] = {};
  for (size_t i = 0; i < n; ++i) lanes[i % kLanes] += std::fabs(x[i]);
  for (size_t half = kLanes / 2; half > 0; half /= 2) {
    for (size_t j = 0; j < half; ++j) lanes[j] += lanes[j + half];
  }
  return lanes[0] / static_cast<float>(n);
}

}  // namespace

float QuantizeBinaryPortable(size_t n, const float* x, uint64_t* plus) {
  for (size_t i = 0; i < n; i += kWordBits) {
    uint64_t word = 0;
    for (size_t j = 0; j < kWordBits; ++j) word |= uint64_t{x[i + j] >= 0.0f} << j;
    plus[i / kWordBits] = word;
  }
  return MeanAbs(n, x);
}

TernaryRow QuantizeTernaryPortable(size_t n, const float* x, uint64_t* plus, uint64_t* minus) {
  const float scale = std::max(MeanAbs(n, x), 1e-5f);
  const float half = scale * 0.5f;
  int32_t nonzero = 0;
  for (size_t i = 0; i < n; i += kWordBits) {
    uint64_t above = 0;
    uint64_t below = 0;
    for (size_t j = 0; j < kWordBits; ++j) {
      above |= uint64_t{x[i + j] > half} << j;
      below |= uint64_t{x[i + j] < -half} << j;
    }
    plus[i / kWordBits] = above;
    minus[i / kWordBits] = below;
    nonzero += std::popcount(above | below);
  }
  return {.scale = scale, .nonzero = nonzero};
}

void RoundToBf16Portable(size_t n, const float* x, float* y) {
  for (size_t i = 0; i < n; ++i) {
    const auto bits = std::bit_cast<uint32_t>(x[i]);
    // Half of the last place that stays, less one where that place is even. NaNs could carry into the sign.
    const uint32_t half = 0x7fff + (bits >> 16 & 1);
    const float rounded = std::bit_cast<float>((bits + half) & 0xffff0000);
    y[i] = std::isnan(x[i]) ? x[i] : rounded;
  }
}

}  // namespace bitnet
