#include "engine/weights/i2s.h"

#include <bit>
#include <cassert>
#include <cstring>

namespace bitnet {

static_assert(std::endian::native == std::endian::little);

bool UnpackI2s(std::span<const uint8_t> blocks, std::span<int8_t> weights) {
  assert(weights.size() % kI2sBlockWeights == 0);
  const uint8_t* in = blocks.data();
  uint8_t threes = 0;  // Bit 2i is set once a code in bits 2i+1:2i was 3.
  for (size_t at = 0; at < weights.size(); at += kI2sBlockWeights, in += kI2sBlockBytes) {
    int8_t* out = weights.data() + at;
    for (size_t b = 0; b < kI2sBlockBytes; ++b) {
      threes |= in[b] & (in[b] >> 1);
      out[b] = static_cast<int8_t>((in[b] >> 6) - 1);
      out[b + 32] = static_cast<int8_t>((in[b] >> 4 & 3) - 1);
      out[b + 64] = static_cast<int8_t>((in[b] >> 2 & 3) - 1);
      out[b + 96] = static_cast<int8_t>((in[b] & 3) - 1);
    }
  }
  return (threes & 0x55) == 0;
}

float I2sScale(std::span<const uint8_t> tensor, size_t num_weights) {
  assert(tensor.size() >= num_weights / 4 + sizeof(float));
  float scale;
  std::memcpy(&scale, tensor.data() + num_weights / 4, sizeof(scale));
  return scale;
}

}  // namespace bitnet
