// IEEE half precision to float, exactly.
#pragma once

#include <bit>
#include <cstdint>

namespace bitnet {

inline float HalfToFloat(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t magnitude = static_cast<uint32_t>(half & 0x7fff) << 13;
  if (magnitude >= 0x0f800000) {  // Infinity or NaN.
    return std::bit_cast<float>(sign | magnitude | 0x7f800000);
  }
  // Exponent and mantissa are in place, the exponent 112 too small. Multiplying by 2^112 is exact and makes
  // subnormals right too.
  return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) * 0x1p112f));
}

inline bool IsFiniteHalf(uint16_t half) { return (half & 0x7c00) != 0x7c00; }

}  // namespace bitnet
