// The gates of kernels/elementwise.
#pragma once

#include "kernels/metal/arguments.h"
#include "kernels/metal/exp_constants.metal"
#include "kernels/metal/prelude.metal"

using namespace bitnet::gpu;

static inline float squared_relu_gate(float gate, float up) {
  // A NaN stays one.
  const float r = gate < 0.0f ? 0.0f : gate;
  return (r * r) * up;
}

// e^-m for m >= 0 as elementwise.h defines it: products and sums round one by one.
static inline float unfused_exp(float m) {
  if (m > -kExpMin) {
    return 0.0f;
  }
  const float x = -m;
  const float shifted = x * kExpLog2E + kRoundingShift;
  const float n = shifted - kRoundingShift;
  const float r = (x - n * kExpLn2Hi) - n * kExpLn2Lo;
  float p = kExpC7 * r + kExpC6;
  p = p * r + kExpC5;
  p = p * r + kExpC4;
  p = p * r + kExpC3;
  p = p * r + kExpC2;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  return p * as_type<float>((as_type<uint>(shifted) << 23) + (127u << 23));
}

static inline float silu_gate(float gate, float up) {
  const float e = unfused_exp(fabs(gate));
  const float numerator = as_type<uint>(gate) >> 31 != 0 ? e : 1.0f;
  return (gate * (numerator / (1.0f + e))) * up;
}

static inline float activate(uint activation, float gate, float up) {
  return activation == kSilu ? silu_gate(gate, up) : squared_relu_gate(gate, up);
}
