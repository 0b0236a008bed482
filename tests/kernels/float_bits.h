// The values of floating-point formats, from their definitions.
#pragma once

#include <cmath>
#include <cstdint>

namespace bitnet {

// IEEE 754 binary16.
inline float HalfValue(uint16_t bits) {
  const float sign = (bits & 0x8000) != 0 ? -1.0f : 1.0f;
  const int exponent = bits / 1024 % 32;
  const int fraction = bits % 1024;
  if (exponent == 31) return sign * (fraction == 0 ? INFINITY : NAN);
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  return sign * std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
}

// bfloat16: a binary32 whose 16 lowest fraction bits are left out.
inline float Bfloat16Value(uint16_t bits) {
  const float sign = (bits & 0x8000) != 0 ? -1.0f : 1.0f;
  const int exponent = bits / 128 % 256;
  const int fraction = bits % 128;
  if (exponent == 255) return sign * (fraction == 0 ? INFINITY : NAN);
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -133);
  return sign * std::ldexp(static_cast<float>(128 + fraction), exponent - 134);
}

}  // namespace bitnet
