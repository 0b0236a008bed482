// Reading I2_S, Microsoft's ternary tensor format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace bitnet {

// The row-major tensor in blocks of 128 weights, 32 bytes each: byte b of a block holds the codes of weights
// b, b+32, b+64 and b+96, the first in the top two bits; a code is weight + 1, and 3 stands for nothing. All
// blocks are followed by 32 bytes that begin with the tensor's scale, a little-endian float. (A build of
// bitnet.cpp for ARM writes blocks of 64; nothing in the file tells them apart, and the official files have
// 128.)
inline constexpr size_t kI2sBlockWeights = 128;
inline constexpr size_t kI2sBlockBytes = 32;
inline constexpr size_t kI2sTailBytes = 32;

// Decodes `weights.size()` weights, a multiple of 128, from the start of `blocks`. False if a code is 3; it
// is decoded as +2 then.
bool UnpackI2s(std::span<const uint8_t> blocks, std::span<int8_t> weights);

// The scale after `num_weights` weights.
float I2sScale(std::span<const uint8_t> tensor, size_t num_weights);

}  // namespace bitnet
