// The definition of SoftmaxExp(), which vector variants repeat operation by operation, so that a softmax has
// the same bits on every instruction set. Constants only: files compiled for an instruction set include it.
//
//   if x < kExpMin: +0
//   n = round_half_even(x * kExpLog2E)              a rounded product, then a rounded integer
//   r = fma(n, -kExpLn2Hi, x)                       |r| <= 0.35, without rounding
//   r = fma(n, -kExpLn2Lo, r)
//   p = kExpC7
//   p = fma(p, r, c) for c = kExpC6, kExpC5, kExpC4, kExpC3, kExpC2, 1, 1
//   result = p * 2^n                                exact: 2^n has exponent bits n + 127 in [1, 127]
//
// At most 1 unit in the last place off; exactly 1 at 0.
#pragma once

namespace bitnet {

// e^-87.3 = 2^-125.95 is the last that is a normal float after the polynomial in any case.
inline constexpr float kExpMin = -87.3f;
inline constexpr float kExpLog2E = 0x1.715476p+0f;
// ln 2 in two parts. The first has 9 significant bits and |n| <= 126 has 7, so n * kExpLn2Hi is exact.
inline constexpr float kExpLn2Hi = 0x1.63p-1f;
inline constexpr float kExpLn2Lo = -0x1.bd0106p-13f;
// Minimax coefficients of (e^r - 1 - r) / r^2 on |r| <= ln(2) / 2, as in Cephes' expf.
inline constexpr float kExpC7 = 1.9875691500e-4f;
inline constexpr float kExpC6 = 1.3981999507e-3f;
inline constexpr float kExpC5 = 8.3334519073e-3f;
inline constexpr float kExpC4 = 4.1665795894e-2f;
inline constexpr float kExpC3 = 1.6666665459e-1f;
inline constexpr float kExpC2 = 5.0000001201e-1f;

}  // namespace bitnet
