// Reading and writing blocks: their values are little-endian and aligned to nothing.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "engine/formats/float_round.h"
#include "engine/weights/half.h"

namespace bitnet {

static_assert(std::endian::native == std::endian::little, "would need swapping");

inline float LoadFloat(const uint8_t* bytes) {
  float value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

inline uint16_t LoadUint16(const uint8_t* bytes) {
  uint16_t value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

inline float LoadHalf(const uint8_t* bytes) { return HalfToFloat(LoadUint16(bytes)); }

inline float LoadBFloat(const uint8_t* bytes) {
  return std::bit_cast<float>(static_cast<uint32_t>(LoadUint16(bytes)) << 16);
}

inline void StoreFloat(uint8_t* bytes, float value) { std::memcpy(bytes, &value, sizeof(value)); }

inline void StoreHalf(uint8_t* bytes, float value) {
  const uint16_t half = FloatToHalf(value);
  std::memcpy(bytes, &half, sizeof(half));
}

// Eight codes of -1 or +1 as bits, the first in the lowest: 1 is +1.
inline uint8_t SignBits(const int8_t* codes) {
  unsigned bits = 0;
  for (unsigned j = 0; j < 8; ++j) {
    bits |= (codes[j] > 0 ? 1u : 0u) << j;
  }
  return static_cast<uint8_t>(bits);
}

}  // namespace bitnet
