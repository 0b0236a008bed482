// RoPE of queries and keys, and the keys and values of new positions into the cache (kernels/elementwise,
// kernels/attention/kv_tile.h).
#pragma once

#include "kernels/metal/exp_constants.metal"
#include "kernels/metal/kv_layout.metal"

// Half-precision bits, to nearest and half to even; what is too large becomes 65504 of its sign. As
// kv_tile.cc.
static inline ushort to_half_bits(float x) {
  const uint bits = as_type<uint>(x);
  const uint magnitude = bits & 0x7fffffffu;
  const uint bounded = min(magnitude, 0x477fe000u);
  const uint normal = (bounded + 0xfffu + (bounded >> 13 & 1u) - (112u << 23)) >> 13;
  const uint subnormal = as_type<uint>(as_type<float>(bounded) + 0.5f) - 0x3f000000u;
  uint result = bounded < 0x38800000u ? subnormal : normal;
  result = magnitude > 0x7f800000u ? 0x7e00u : result;
  return ushort((bits >> 16 & 0x8000u) | result);
}

// Each lane turns its pairs of one head: pairs lane, lane + 32, ...
static inline void rotate(device float* head, device const float* cosines, device const float* sines,
                          uint head_dim, uint pairs_are_neighbours, uint lane) {
  const uint half_dim = head_dim / 2;
  for (uint i = lane; i < half_dim; i += kSimdLanes) {
    const uint lo = pairs_are_neighbours != 0 ? 2 * i : i;
    const uint hi = pairs_are_neighbours != 0 ? 2 * i + 1 : i + half_dim;
    const float a = head[lo];
    const float b = head[hi];
    head[lo] = a * cosines[i] - b * sines[i];
    head[hi] = b * cosines[i] + a * sines[i];
  }
}

// Stores a row, whose element d goes to byte first + d * step of the tile; in int8 its scale to byte
// scale_at.
static inline void store_row(device const float* row, device uchar* tile, uint kv_type, uint head_dim,
                             uint first, uint step, uint scale_at, uint lane) {
  float factor = 0.0f;
  if (kv_type == kKvInt8) {
    float absmax = 0.0f;
    for (uint d = lane; d < head_dim; d += kSimdLanes) {
      absmax = max(absmax, fabs(row[d]));
    }
    absmax = simd_max(absmax);
    const bool vanishes = absmax < 1e-30f;
    factor = vanishes ? 0.0f : 127.0f / absmax;
    if (lane == 0) {
      *(device float*)(tile + scale_at) = vanishes ? 0.0f : absmax / 127.0f;
    }
  }
  for (uint d = lane; d < head_dim; d += kSimdLanes) {
    device uchar* at = tile + first + d * step;
    if (kv_type == kKvF16) {
      *(device ushort*)at = to_half_bits(row[d]);
    } else if (kv_type == kKvF32) {
      *(device float*)at = row[d];
    } else {
      *at = uchar(as_type<uint>(row[d] * factor + kRoundingShift) & 0xffu);
    }
  }
}

// For each token: turns its query heads and its key heads in place, and stores keys and values.
//
// query    [tokens, query_stride]
// key      [tokens, kv_stride]
// value    [tokens, kv_stride]
// cosines  [positions, head_dim / 2]; sines likewise.
// cache    blocks of 16 positions, p.block_bytes each; of this layer, the tile of head h is at p.tile_offset
// +
//          h * p.tile_bytes.
// tables   the numbers of blocks, of each sequence its own from places[token].table on.
// places   [tokens]
// Threadgroups of one SIMD group: one for each query head and each key-value head, by tokens.
kernel void rotate_store(device float* query [[buffer(0)]], device float* key [[buffer(1)]],
                         device const float* value [[buffer(2)]], device const float* cosines [[buffer(3)]],
                         device const float* sines [[buffer(4)]], device uchar* cache [[buffer(5)]],
                         device const uint* tables [[buffer(6)]],
                         device const TokenPlace* places [[buffer(7)]],
                         constant AttentionArguments& p [[buffer(8)]],
                         uint3 group [[threadgroup_position_in_grid]],
                         uint simdgroup [[simdgroup_index_in_threadgroup]],
                         uint lane [[thread_index_in_simdgroup]]) {
  const uint position = places[group.y].position;
  device const float* angle_cosines = cosines + position * ulong(p.head_dim / 2);
  device const float* angle_sines = sines + position * ulong(p.head_dim / 2);
  if (group.x < p.num_heads) {
    rotate(query + group.y * ulong(p.query_stride) + group.x * p.head_dim, angle_cosines, angle_sines,
           p.head_dim, p.pairs_are_neighbours, lane);
    return;
  }
  const uint head = group.x - p.num_heads;
  const ulong row = group.y * ulong(p.kv_stride) + head * p.head_dim;
  rotate(key + row, angle_cosines, angle_sines, p.head_dim, p.pairs_are_neighbours, lane);
  simdgroup_barrier(mem_flags::mem_device);
  const uint block = tables[places[group.y].table + position / kKvTileTokens];
  device uchar* tile = cache + block * p.block_bytes + p.tile_offset + head * ulong(p.tile_bytes);
  const uint slot = position % kKvTileTokens;
  store_row(key + row, tile, p.kv_type, p.head_dim, key_at(p.kv_type, slot, 0),
            kKvTileTokens * element_bytes(p.kv_type), slot * 4, lane);
  store_row(value + row, tile, p.kv_type, p.head_dim, value_at(p.kv_type, p.head_dim, slot, 0),
            element_bytes(p.kv_type), kInt8ScaleBytes + slot * 4, lane);
}
