// Quantisation of rows that need no norm, or another format than int8 with one scale (kernels/quantize,
// kernels/quantize_sign).
#pragma once

#include "kernels/metal/norm_rows.metal"

// Each group of p.group elements of x [rows, x_stride] on its own: q [rows, q_stride], and q_inv and q_sum
// [rows, n / group].
// Threadgroups: one for each row. A SIMD group takes a group of elements at a time.
kernel void quantize_groups(device const float* x [[buffer(0)]], device char* q [[buffer(1)]],
                            device float* q_inv [[buffer(2)]], device int* q_sum [[buffer(3)]],
                            constant RowArguments& p [[buffer(4)]],
                            uint3 position [[threadgroup_position_in_grid]],
                            uint simdgroup [[simdgroup_index_in_threadgroup]],
                            uint lane [[thread_index_in_simdgroup]]) {
  const uint groups = p.n / p.group;
  for (uint group = simdgroup; group < groups; group += kRowSimdgroups) {
    device const float* row = x + position.x * ulong(p.x_stride) + group * p.group;
    device char* codes = q + position.x * ulong(p.q_stride) + group * p.group;
    float absmax = 1e-5f;
    for (uint i = lane; i < p.group; i += kSimdLanes) {
      absmax = max(absmax, fabs(row[i]));
    }
    absmax = simd_max(absmax);
    const float scale = 127.0f / absmax;
    int sum = 0;
    for (uint i = lane; i < p.group; i += kSimdLanes) {
      const int code = quantized(row[i], scale);
      codes[i] = char(code);
      sum += code;
    }
    sum = simd_sum(sum);
    if (lane == 0) {
      q_inv[position.x * ulong(groups) + group] = absmax / 127.0f;
      q_sum[position.x * ulong(groups) + group] = sum;
    }
  }
}

// The signs of x [rows, x_stride] as bits of plus [rows, n / 32], and scale [rows]: the mean of |x|.
// Threadgroups: one for each row. A lane makes a word of 32 elements.
kernel void quantize_binary(device const float* x [[buffer(0)]], device uint* plus [[buffer(1)]],
                            device float* scale [[buffer(2)]], constant RowArguments& p [[buffer(3)]],
                            threadgroup float* shared SHARED_ARGUMENT,
                            uint3 group [[threadgroup_position_in_grid]],
                            uint simdgroup [[simdgroup_index_in_threadgroup]],
                            uint lane [[thread_index_in_simdgroup]]) {
  device const float* row = x + group.x * ulong(p.x_stride);
  const uint index = simdgroup * kSimdLanes + lane;
  const float mean = mean_abs(row, p.n, shared, simdgroup, lane);
  for (uint word = index; word < p.n / 32; word += kRowLanes) {
    uint bits = 0;
    for (uint j = 0; j < 32; ++j) {
      bits |= (row[32 * word + j] >= 0.0f ? 1u : 0u) << j;
    }
    plus[group.x * ulong(p.n / 32) + word] = bits;
  }
  if (index == 0) {
    scale[group.x] = mean;
  }
}

// Trits: where x is above half of its scale and where below minus that; nonzero [rows] counts both.
kernel void quantize_ternary(device const float* x [[buffer(0)]], device uint* plus [[buffer(1)]],
                             device uint* minus [[buffer(2)]], device float* scale [[buffer(3)]],
                             device int* nonzero [[buffer(4)]], constant RowArguments& p [[buffer(5)]],
                             threadgroup float* shared SHARED_ARGUMENT,
                             uint3 group [[threadgroup_position_in_grid]],
                             uint simdgroup [[simdgroup_index_in_threadgroup]],
                             uint lane [[thread_index_in_simdgroup]]) {
  device const float* row = x + group.x * ulong(p.x_stride);
  const uint index = simdgroup * kSimdLanes + lane;
  const float gamma = max(mean_abs(row, p.n, shared, simdgroup, lane), 1e-5f);
  const float limit = gamma * 0.5f;
  int count = 0;
  for (uint word = index; word < p.n / 32; word += kRowLanes) {
    uint above = 0;
    uint below = 0;
    for (uint j = 0; j < 32; ++j) {
      above |= (row[32 * word + j] > limit ? 1u : 0u) << j;
      below |= (row[32 * word + j] < -limit ? 1u : 0u) << j;
    }
    plus[group.x * ulong(p.n / 32) + word] = above;
    minus[group.x * ulong(p.n / 32) + word] = below;
    count += int(popcount(above | below));
  }
  count = total(count, shared, simdgroup, lane);
  if (index == 0) {
    scale[group.x] = gamma;
    nonzero[group.x] = count;
  }
}

// x [rows, x_stride] rounded to bfloat16, half to even, as floats y [rows, q_stride].
kernel void round_to_bf16(device const float* x [[buffer(0)]], device float* y [[buffer(1)]],
                          constant RowArguments& p [[buffer(2)]],
                          uint3 group [[threadgroup_position_in_grid]],
                          uint simdgroup [[simdgroup_index_in_threadgroup]],
                          uint lane [[thread_index_in_simdgroup]]) {
  device const float* row = x + group.x * ulong(p.x_stride);
  device float* out = y + group.x * ulong(p.q_stride);
  for (uint i = simdgroup * kSimdLanes + lane; i < p.n; i += kRowLanes) {
    const uint bits = as_type<uint>(row[i]);
    const uint rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) & 0xffff0000u;
    // A NaN could carry into the sign.
    out[i] = (bits & 0x7fffffffu) > 0x7f800000u ? row[i] : as_type<float>(rounded);
  }
}
