// The constants of kernels/math/exp.h, which here have an address space.
#pragma once

#include "kernels/metal/prelude.metal"

static constant constexpr float kExpMin = -87.3f;
static constant constexpr float kExpLog2E = 1.44269502162933349609375f;
static constant constexpr float kExpLn2Hi = 0.693359375f;
static constant constexpr float kExpLn2Lo = -2.12194440e-4f;
static constant constexpr float kExpC7 = 1.9875691500e-4f;
static constant constexpr float kExpC6 = 1.3981999507e-3f;
static constant constexpr float kExpC5 = 8.3334519073e-3f;
static constant constexpr float kExpC4 = 4.1665795894e-2f;
static constant constexpr float kExpC3 = 1.6666665459e-1f;
static constant constexpr float kExpC2 = 5.0000001201e-1f;
// 1.5 * 2^23: beside it a float has no bits for a fraction, so that a sum rounds half to even.
static constant constexpr float kRoundingShift = 12582912.0f;
