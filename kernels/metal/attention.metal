// kernels/attention: one query over a chunk of the keys, and what joins chunks.
#pragma once

#include "kernels/metal/exp_constants.metal"
#include "kernels/metal/kv_layout.metal"
#include "kernels/metal/row_reductions.metal"

// The softmax's exponential, as kernels/math/exp.h defines it.
static inline float softmax_exp(float x) {
  if (x < kExpMin) {
    return 0.0f;
  }
  const float n = (x * kExpLog2E + kRoundingShift) - kRoundingShift;
  float r = fma(n, -kExpLn2Hi, x);
  r = fma(n, -kExpLn2Lo, r);
  float p = kExpC7;
  p = fma(p, r, kExpC6);
  p = fma(p, r, kExpC5);
  p = fma(p, r, kExpC4);
  p = fma(p, r, kExpC3);
  p = fma(p, r, kExpC2);
  p = fma(p, r, 1.0f);
  p = fma(p, r, 1.0f);
  return p * as_type<float>(uint(int(n) + 127) << 23);
}

// A partial's beginning among all: of each token and query head, one for each chunk.
static inline ulong partial_at(constant AttentionArguments& p, uint token, uint head, uint chunk) {
  return ((token * ulong(p.num_heads) + head) * p.num_chunks + chunk) * p.partial_size;
}

// The partial of one query of one chunk, laid out as attention.h says. A lane has a key, then a d of the
// sums. Where a token's keys end before the chunk nothing is written.
//
// query     [tokens, query_stride], turned.
// partials  see partial_at.
// The others as in rotate_store.metal; this batch's keys and values are in the cache.
// Threadgroups: one for each chunk, by query heads, by tokens.
kernel void attend_chunk(device const float* query [[buffer(0)]], device const uchar* cache [[buffer(1)]],
                         device const uint* tables [[buffer(2)]],
                         device const TokenPlace* places [[buffer(3)]], device float* partials [[buffer(4)]],
                         constant AttentionArguments& p [[buffer(5)]],
                         threadgroup float* shared SHARED_ARGUMENT,
                         uint3 group [[threadgroup_position_in_grid]],
                         uint simdgroup [[simdgroup_index_in_threadgroup]],
                         uint lane [[thread_index_in_simdgroup]]) {
  const uint chunk = group.x;
  const uint position = places[group.z].position;
  if (chunk * kAttentionChunk > position) {
    return;
  }
  const uint num_keys = min(position + 1 - chunk * kAttentionChunk, uint(kAttentionChunk));
  const uint kv_head = group.y / (p.num_heads / p.num_kv_heads);
  device const float* q = query + group.z * ulong(p.query_stride) + group.y * p.head_dim;
  device const uint* blocks = tables + places[group.z].table + chunk * (kAttentionChunk / kKvTileTokens);
  const ulong tile_offset = p.tile_offset + kv_head * ulong(p.tile_bytes);
  threadgroup float* weights = shared;  // [kAttentionChunk]
  threadgroup float* scratch = shared + kAttentionChunk;

  const uint t = simdgroup * kSimdLanes + lane;
  const bool present = t < num_keys;
  const uint slot = t % kKvTileTokens;
  device const uchar* tile = cache + tile_offset + (present ? blocks[t / kKvTileTokens] * p.block_bytes : 0);
  float score = -INFINITY;
  if (present) {
    float dot = 0.0f;
    for (uint d = 0; d < p.head_dim; ++d) {
      dot = fma(q[d], load_element(tile, p.kv_type, key_at(p.kv_type, slot, d)), dot);
    }
    if (p.kv_type == kKvInt8) {
      dot *= *(device const float*)(tile + slot * 4);
    }
    score = dot * p.scale;
  }
  const float maximum = largest(score, scratch, simdgroup, lane);
  weights[t] = present ? softmax_exp(score - maximum) : 0.0f;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  device float* partial = partials + partial_at(p, group.z, group.y, chunk);
  if (simdgroup == 0) {
    float sum = 0.0f;
    for (uint i = lane % 16; i < num_keys; i += 16) {
      sum += weights[i];
    }
    sum = fold(sum);
    if (lane == 0) {
      partial[0] = maximum;
      partial[1] = sum;
    }
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (p.kv_type == kKvInt8 && present) {
    weights[t] *= *(device const float*)(tile + kInt8ScaleBytes + slot * 4);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint d = t; d < p.head_dim; d += kRowLanes) {
    float sum = 0.0f;
    for (uint i = 0; i < num_keys; ++i) {
      device const uchar* values = cache + tile_offset + blocks[i / kKvTileTokens] * p.block_bytes;
      const uint at = value_at(p.kv_type, p.head_dim, i % kKvTileTokens, d);
      sum = fma(weights[i], load_element(values, p.kv_type, at), sum);
    }
    partial[kPartialHeader + d] = sum;
  }
}

// Joins the chunks of each query into attended [tokens, num_heads * head_dim].
// Threadgroups: one for each query head, by tokens.
kernel void join_chunks(device const float* partials [[buffer(0)]],
                        device const TokenPlace* places [[buffer(1)]], device float* attended [[buffer(2)]],
                        constant AttentionArguments& p [[buffer(3)]],
                        uint3 group [[threadgroup_position_in_grid]],
                        uint simdgroup [[simdgroup_index_in_threadgroup]],
                        uint lane [[thread_index_in_simdgroup]]) {
  const uint chunks = places[group.y].position / kAttentionChunk + 1;
  device const float* first = partials + partial_at(p, group.y, group.x, 0);
  float maximum = first[0];
  for (uint c = 1; c < chunks; ++c) {
    maximum = max(maximum, first[c * p.partial_size]);
  }
  float sum_of_weights = 0.0f;
  for (uint c = 0; c < chunks; ++c) {
    device const float* partial = first + c * p.partial_size;
    sum_of_weights = fma(softmax_exp(partial[0] - maximum), partial[1], sum_of_weights);
  }
  const float inverse = 1.0f / sum_of_weights;
  device float* out = attended + (group.y * ulong(p.num_heads) + group.x) * p.head_dim;
  for (uint d = simdgroup * kSimdLanes + lane; d < p.head_dim; d += kJoinSimdgroups * kSimdLanes) {
    float sum = 0.0f;
    for (uint c = 0; c < chunks; ++c) {
      device const float* partial = first + c * p.partial_size;
      sum = fma(softmax_exp(partial[0] - maximum), partial[kPartialHeader + d], sum);
    }
    out[d] = sum * inverse;
  }
}
