// What a threadgroup of kRowSimdgroups SIMD groups finds out about a row of floats together.
#pragma once

#include "kernels/metal/arguments.h"
#include "kernels/metal/prelude.metal"

using namespace bitnet::gpu;

static constant constexpr uint kRowLanes = kRowSimdgroups * kSimdLanes;

// The 16 lanes of kernels/README.md fold: lane 0 returns their sum.
static inline float fold(float lane_sum) {
  lane_sum += simd_shuffle_down(lane_sum, 8);
  lane_sum += simd_shuffle_down(lane_sum, 4);
  lane_sum += simd_shuffle_down(lane_sum, 2);
  lane_sum += simd_shuffle_down(lane_sum, 1);
  return lane_sum;
}

// 1 / sqrt(mean of squares + eps) in every lane. The sum's order allows for 16 lanes, which are the first
// SIMD group's; its other half does the same, so that all 32 meet.
static inline float inverse_rms(device const float* x, uint n, float eps, threadgroup float* shared,
                                uint simdgroup, uint lane) {
  if (simdgroup == 0) {
    float sum = 0.0f;
    for (uint i = lane % 16; i < n; i += 16) {
      sum = fma(x[i], x[i], sum);
    }
    sum = fold(sum);
    if (lane == 0) {
      shared[0] = sum;
    }
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  const float inverse = 1.0f / sqrt(shared[0] / float(n) + eps);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  return inverse;
}

// The mean of |x| in every lane, of n a multiple of 16.
static inline float mean_abs(device const float* x, uint n, threadgroup float* shared, uint simdgroup,
                             uint lane) {
  if (simdgroup == 0) {
    float sum = 0.0f;
    for (uint i = lane % 16; i < n; i += 16) {
      sum += fabs(x[i]);
    }
    sum = fold(sum);
    if (lane == 0) {
      shared[0] = sum;
    }
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  const float mean = shared[0] / float(n);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  return mean;
}

// The largest of all lanes' values, in every lane.
static inline float largest(float value, threadgroup float* shared, uint simdgroup, uint lane) {
  value = simd_max(value);
  if (lane == 0) {
    shared[simdgroup] = value;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint i = 0; i < kRowSimdgroups; ++i) {
    value = max(value, shared[i]);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  return value;
}

// The sum of all lanes' integers, in every lane.
static inline int total(int value, threadgroup float* shared, uint simdgroup, uint lane) {
  value = simd_sum(value);
  if (lane == 0) {
    shared[simdgroup] = as_type<float>(value);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  int sum = 0;
  for (uint i = 0; i < kRowSimdgroups; ++i) {
    sum += as_type<int>(shared[i]);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  return sum;
}
