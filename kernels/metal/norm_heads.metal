// Norms of queries and keys, head by head, before RoPE turns them (kernels/rms_norm).
#pragma once

#include "kernels/metal/row_reductions.metal"

// RMSNorm of each query head with `query_weight` [head_dim] and of each key head with `key_weight`, in place.
//
// query    [tokens, query_stride]
// key      [tokens, kv_stride]
// Both halves of a SIMD group sum the head in rms_norm.h's 16 lanes; the first half's sum is what counts.
// Threadgroups of one SIMD group: one for each query head and each key-value head, by tokens.
kernel void norm_heads(device float* query [[buffer(0)]], device float* key [[buffer(1)]],
                       device const float* query_weight [[buffer(2)]],
                       device const float* key_weight [[buffer(3)]],
                       constant HeadNormArguments& p [[buffer(4)]],
                       uint3 group [[threadgroup_position_in_grid]],
                       uint simdgroup [[simdgroup_index_in_threadgroup]],
                       uint lane [[thread_index_in_simdgroup]]) {
  const bool is_query = group.x < p.num_heads;
  device float* head = is_query ? query + group.y * ulong(p.query_stride) + group.x * p.head_dim
                                : key + group.y * ulong(p.kv_stride) + (group.x - p.num_heads) * p.head_dim;
  device const float* weight = is_query ? query_weight : key_weight;
  float sum = 0.0f;
  for (uint i = lane % 16; i < p.head_dim; i += 16) {
    sum = fma(head[i], head[i], sum);
  }
  const float inverse = 1.0f / sqrt(simd_broadcast(fold(sum), 0) / float(p.head_dim) + p.eps);
  simdgroup_barrier(mem_flags::mem_device);  // Every lane has read what others are about to write.
  for (uint i = lane; i < p.head_dim; i += kSimdLanes) {
    head[i] = (head[i] * inverse) * weight[i];
  }
}
