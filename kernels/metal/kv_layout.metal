// Where a key or value lies in a tile of kernels/attention/kv_tile.h, and elements as floats.
#pragma once

#include "kernels/metal/arguments.h"
#include "kernels/metal/prelude.metal"

using namespace bitnet::gpu;

static constant constexpr uint kInt8ScaleBytes = kKvTileTokens * 4;

static inline uint element_bytes(uint kv_type) { return kv_type == kKvF32 ? 4 : kv_type == kKvF16 ? 2 : 1; }
static inline uint value_stride(uint head_dim) { return (head_dim + 15) / 16 * 16; }

// Bytes from a tile's beginning.
static inline uint key_at(uint kv_type, uint slot, uint d) {
  return (kv_type == kKvInt8 ? 2 * kInt8ScaleBytes : 0) + (d * kKvTileTokens + slot) * element_bytes(kv_type);
}
static inline uint value_at(uint kv_type, uint head_dim, uint slot, uint d) {
  return key_at(kv_type, 0, head_dim) + (slot * value_stride(head_dim) + d) * element_bytes(kv_type);
}

static inline float load_element(device const uchar* tile, uint kv_type, uint at) {
  if (kv_type == kKvF16) {
    return float(*(device const half*)(tile + at));
  }
  if (kv_type == kKvF32) {
    return *(device const float*)(tile + at);
  }
  return float(*(device const char*)(tile + at));
}
