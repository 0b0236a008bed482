// Kernels for the emulator's own tests: some that are right, and some with one mistake each.
#include "kernels/metal/prelude.metal"

// y[i] of each SIMD group is the sum of x over it, by shuffles, plus its number.
kernel void sum_by_shuffles(device const int* x [[buffer(0)]], device int* y [[buffer(1)]],
                            uint3 group [[threadgroup_position_in_grid]],
                            uint simdgroup [[simdgroup_index_in_threadgroup]],
                            uint lane [[thread_index_in_simdgroup]]) {
  const uint at = group.x * 64 + simdgroup * 32 + lane;
  int sum = x[at];
  for (ushort distance = 16; distance > 0; distance /= 2) {
    sum += simd_shuffle_xor(sum, distance);
  }
  y[at] = sum + int(group.y * 1000 + simdgroup);
}

// Each lane hands its x to the lane opposite in the threadgroup.
kernel void mirror(device const int* x [[buffer(0)]], device int* y [[buffer(1)]],
                   constant uint& barriers [[buffer(2)]], threadgroup int* shared SHARED_ARGUMENT,
                   uint3 group [[threadgroup_position_in_grid]],
                   uint simdgroup [[simdgroup_index_in_threadgroup]],
                   uint lane [[thread_index_in_simdgroup]]) {
  const uint at = simdgroup * 32 + lane;
  shared[at] = x[at];
  for (uint i = 0; i < barriers; ++i) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
  y[at] = shared[63 - at];
}

kernel void barrier_of_half(device int* y [[buffer(0)]], uint3 group [[threadgroup_position_in_grid]],
                            uint simdgroup [[simdgroup_index_in_threadgroup]],
                            uint lane [[thread_index_in_simdgroup]]) {
  if (simdgroup == 0) {
    threadgroup_barrier(mem_flags::mem_none);
  }
  y[simdgroup * 32 + lane] = 1;
}

kernel void different_meetings(device int* y [[buffer(0)]], uint3 group [[threadgroup_position_in_grid]],
                               uint simdgroup [[simdgroup_index_in_threadgroup]],
                               uint lane [[thread_index_in_simdgroup]]) {
  y[lane] = lane < 7 ? simd_sum(1) : simd_max(1);
}

kernel void lane_that_leaves(device int* y [[buffer(0)]], uint3 group [[threadgroup_position_in_grid]],
                             uint simdgroup [[simdgroup_index_in_threadgroup]],
                             uint lane [[thread_index_in_simdgroup]]) {
  if (lane == 5) {
    return;
  }
  y[lane] = simd_sum(1);
}

// What beyond the SIMD group a shuffle gives.
kernel void shuffle_from_beyond(device int* y [[buffer(0)]], uint3 group [[threadgroup_position_in_grid]],
                                uint simdgroup [[simdgroup_index_in_threadgroup]],
                                uint lane [[thread_index_in_simdgroup]]) {
  y[lane] = simd_shuffle_down(int(lane), 4);
}

// y[offset + lane] = x[lane] of 4 bytes each.
kernel void copy_to(device const uchar* x [[buffer(0)]], device uchar* y [[buffer(1)]],
                    constant int& offset [[buffer(2)]], uint3 group [[threadgroup_position_in_grid]],
                    uint simdgroup [[simdgroup_index_in_threadgroup]],
                    uint lane [[thread_index_in_simdgroup]]) {
  *(device uint*)(y + offset + 4 * int(lane)) = *(device const uint*)(x + 4 * lane);
}

// Every threadgroup writes the same elements.
kernel void groups_that_race(device int* y [[buffer(0)]], uint3 group [[threadgroup_position_in_grid]],
                             uint simdgroup [[simdgroup_index_in_threadgroup]],
                             uint lane [[thread_index_in_simdgroup]]) {
  y[lane] = int(group.x);
}

// Lane i reads what lane i + 1 wrote, ordered for the kind of memory that `fence` says: 0 none, 1 device, 2
// both.
kernel void neighbours(device int* y [[buffer(0)]], constant uint& fence [[buffer(1)]],
                       uint3 group [[threadgroup_position_in_grid]],
                       uint simdgroup [[simdgroup_index_in_threadgroup]],
                       uint lane [[thread_index_in_simdgroup]]) {
  y[lane] = int(lane);
  if (fence == 0) {
    simdgroup_barrier(mem_flags::mem_threadgroup);
  } else {
    simdgroup_barrier(mem_flags::mem_device);
  }
  y[32 + lane] = y[(lane + 1) % 32];
}

kernel void unwritten(device int* y [[buffer(0)]], threadgroup int* shared SHARED_ARGUMENT,
                      uint3 group [[threadgroup_position_in_grid]],
                      uint simdgroup [[simdgroup_index_in_threadgroup]],
                      uint lane [[thread_index_in_simdgroup]]) {
  if (group.x == 0) {
    shared[lane] = 1;
  }
  y[group.x * 32 + lane] = shared[lane];
}

// All lanes write the same element of threadgroup memory.
kernel void lanes_that_race(device int* y [[buffer(0)]], threadgroup int* shared SHARED_ARGUMENT,
                            uint3 group [[threadgroup_position_in_grid]],
                            uint simdgroup [[simdgroup_index_in_threadgroup]],
                            uint lane [[thread_index_in_simdgroup]]) {
  shared[0] = int(lane);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  y[lane] = shared[0];
}

// y = a b^T, each 8 x 8 and row-major.
kernel void matrix_product(device const half* a [[buffer(0)]], device const half* b [[buffer(1)]],
                           device float* y [[buffer(2)]], uint3 group [[threadgroup_position_in_grid]],
                           uint simdgroup [[simdgroup_index_in_threadgroup]],
                           uint lane [[thread_index_in_simdgroup]]) {
  simdgroup_half8x8 left, right;
  simdgroup_float8x8 sum = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  simdgroup_load(left, a, 8);
  simdgroup_load(right, b, 8, ulong2(0, 0), true);
  simdgroup_multiply_accumulate(sum, left, right, sum);
  simdgroup_store(sum, y, 8);
}
