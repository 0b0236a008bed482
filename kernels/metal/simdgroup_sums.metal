// Sums over the SIMD groups of a threadgroup.
#pragma once

#include "kernels/metal/arguments.h"
#include "kernels/metal/prelude.metal"

using namespace bitnet::gpu;

// For lane l of every SIMD group, the sum of what the lanes l of all `simdgroups` of them bring.
//
// shared    [simdgroups * 32], about to be overwritten.
static inline int sum_of_simdgroups(int value, uint simdgroups, threadgroup int* shared, uint simdgroup,
                                    uint lane) {
  shared[simdgroup * kSimdLanes + lane] = value;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  int sum = 0;
  for (uint i = 0; i < simdgroups; ++i) {
    sum += shared[i * kSimdLanes + lane];
  }
  return sum;
}
