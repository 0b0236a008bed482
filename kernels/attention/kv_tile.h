// How the keys and values of 16 positions are kept: a tile for each key-value head.
//
// A tile is, in this order and without gaps:
//
//   int8 only: 16 floats, the scale of each position's key, then 16 of its value
//   keys    [head_dim, 16]            element d of all 16 positions, then element d + 1
//   values  [16, KvValueStride()]     position after position; what pads a row may hold anything
//
// Keys are transposed because a dot product then runs down the tile with a position per vector lane: no lanes
// to fold, 16 scores at once, and a multiple of every register. Values are weighted and added as they stand,
// so there a position is a row, padded to whole registers.
//
//   f16   IEEE half precision. Half the bytes of f32, and its 11 bits are far finer than the int8 activations
//         that keys and values come from. What is too large, also infinity, becomes 65504 of its sign.
//   f32   as computed
//   int8  codes in [-127, 127]; element = code * scale, scale = absmax / 127 of the row. A row whose absmax
//         is below 1e-30 becomes 0.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bitnet {

enum class KvType : uint8_t { kF16, kF32, kInt8 };

inline constexpr size_t kKvTileTokens = 16;

// Elements from a value to the next position's: head_dim rounded up to 16.
size_t KvValueStride(size_t head_dim);

size_t KvTileBytes(KvType type, size_t head_dim);

// Writes one position's key and value, [head_dim] each, as number `slot` of 16. `tile` is aligned to 4 bytes.
// Rounds to nearest, half to even. Positions of one tile may be stored concurrently.
void StoreKv(KvType type, size_t head_dim, const float* key, const float* value, size_t slot,
             std::byte* tile);

}  // namespace bitnet
