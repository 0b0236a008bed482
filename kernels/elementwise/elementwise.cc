#include "kernels/elementwise/elementwise.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>

#include "kernels/math/exp.h"

// The build sets -ffp-contract=off: a product and a sum here round one by one on every CPU.
namespace bitnet {
namespace {

constexpr uint32_t kSignBit = uint32_t{1} << 31;

// e^-m for m >= 0, given m's bits; see the header. Floats without a sign order as their bits do, and choices
// are made by masks: a branch around arithmetic that could trap would keep loops from being vectorised.
float UnfusedExp(uint32_t m) {
  constexpr auto kLast = std::bit_cast<uint32_t>(-kExpMin);
  const float x = std::bit_cast<float>(std::min(m, kLast) | kSignBit);
  // The sum rounds half to even at the integer, and holds it in its low bits; the subtraction is exact.
  const float shifted = x * kExpLog2E + 0x1.8p23f;
  const float n = shifted - 0x1.8p23f;
  const float r = (x - n * kExpLn2Hi) - n * kExpLn2Lo;
  float p = kExpC7 * r + kExpC6;
  p = p * r + kExpC5;
  p = p * r + kExpC4;
  p = p * r + kExpC3;
  p = p * r + kExpC2;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const uint32_t power = (std::bit_cast<uint32_t>(shifted) << 23) + (uint32_t{127} << 23);
  const auto result = std::bit_cast<uint32_t>(p * std::bit_cast<float>(power));
  return std::bit_cast<float>(result & -static_cast<uint32_t>(m <= kLast));
}

}  // namespace

void AddTo(size_t n, const float* y, float* x) {
  for (size_t i = 0; i < n; ++i) x[i] += y[i];
}

void SquaredReluGate(size_t n, const float* gate, const float* up, float* h) {
  for (size_t i = 0; i < n; ++i) {
    // The bits of numbers below 0, down to -infinity, as an integer comparison finds them: vectorised where a
    // comparison of floats would branch. A NaN stays one and is found, instead of becoming a quiet 0.
    const auto bits = std::bit_cast<uint32_t>(gate[i]);
    const bool negative = bits - kSignBit <= std::bit_cast<uint32_t>(std::numeric_limits<float>::infinity());
    const float r = std::bit_cast<float>(bits & (static_cast<uint32_t>(negative) - 1));
    h[i] = (r * r) * up[i];
  }
}

void SiluGate(size_t n, const float* gate, const float* up, float* h) {
  for (size_t i = 0; i < n; ++i) {
    const float g = gate[i];
    const auto bits = std::bit_cast<uint32_t>(g);
    const float e = UnfusedExp(bits & ~kSignBit);
    const uint32_t negative = -(bits >> 31);
    const uint32_t numerator =
        (std::bit_cast<uint32_t>(e) & negative) | (std::bit_cast<uint32_t>(1.0f) & ~negative);
    h[i] = (g * (std::bit_cast<float>(numerator) / (1.0f + e))) * up[i];
  }
}

void RotateHalves(size_t head_dim, const float* cos, const float* sin, float* x) {
  const size_t half = head_dim / 2;
  float* __restrict lo = x;
  float* __restrict hi = x + half;
  for (size_t i = 0; i < half; ++i) {
    const float a = lo[i];
    const float b = hi[i];
    lo[i] = a * cos[i] - b * sin[i];
    hi[i] = b * cos[i] + a * sin[i];
  }
}

void RotatePairs(size_t head_dim, const float* cos, const float* sin, float* x) {
  for (size_t i = 0; i < head_dim / 2; ++i) {
    const float a = x[2 * i];
    const float b = x[2 * i + 1];
    x[2 * i] = a * cos[i] - b * sin[i];
    x[2 * i + 1] = b * cos[i] + a * sin[i];
  }
}

}  // namespace bitnet
