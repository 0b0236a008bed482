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

// The same of the first SIMD group's lanes, in every lane of the threadgroup. Its other half brings what the
// first one does, so that all 32 meet.
static inline float fold_for_all(float lane_sum, threadgroup float* shared, uint simdgroup, uint lane) {
  if (simdgroup == 0) {
    const float sum = fold(lane_sum);
    if (lane == 0) {
      shared[0] = sum;
    }
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  const float sum = shared[0];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  return sum;
}

// 1 / sqrt(mean of squares + eps) in every lane. The sum's order allows for 16 lanes.
static inline float inverse_rms(device const float* x, uint n, float eps, threadgroup float* shared,
                                uint simdgroup, uint lane) {
  float sum = 0.0f;
  for (uint i = lane % 16; simdgroup == 0 && i < n; i += 16) {
    sum = fma(x[i], x[i], sum);
  }
  return 1.0f / sqrt(fold_for_all(sum, shared, simdgroup, lane) / float(n) + eps);
}

// The mean of |x| in every lane, of n a multiple of 16.
static inline float mean_abs(device const float* x, uint n, threadgroup float* shared, uint simdgroup,
                             uint lane) {
  float sum = 0.0f;
  for (uint i = lane % 16; simdgroup == 0 && i < n; i += 16) {
    sum += fabs(x[i]);
  }
  return fold_for_all(sum, shared, simdgroup, lane) / float(n);
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
