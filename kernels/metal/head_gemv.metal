// Output heads: float weights (kernels/float_gemm) and 6-bit ones (kernels/int6_gemm), for one column at a
// time.
#pragma once

#include "kernels/metal/row_reductions.metal"
#include "kernels/metal/simdgroup_sums.metal"

static inline float load_weight(device const uchar* row, uint type, uint i) {
  if (type == kWeightF32) {
    return ((device const float*)row)[i];
  }
  if (type == kWeightF16) {
    return float(((device const half*)row)[i]);
  }
  return as_type<float>(uint(((device const ushort*)row)[i]) << 16);
}

// w  [rows, k] of the type; rows begin at a multiple of its size.
// x  [batch, x_stride] floats.
// y  [batch, y_stride]; rows that there are.
// A row is summed by 16 lanes, whose order float_gemm.h fixes, two rows by a SIMD group.
// Threadgroups of kHeadSimdgroups: one for each 2 * kHeadSimdgroups rows, by `batch`.
kernel void float_gemv(device const uchar* w [[buffer(0)]], device const float* x [[buffer(1)]],
                       device float* y [[buffer(2)]], constant HeadArguments& p [[buffer(3)]],
                       uint3 group [[threadgroup_position_in_grid]],
                       uint simdgroup [[simdgroup_index_in_threadgroup]],
                       uint lane [[thread_index_in_simdgroup]]) {
  const uint row = 2 * (group.x * kHeadSimdgroups + simdgroup) + lane / 16;
  const uint own = lane % 16;
  // Lanes of a row that is not there add up the last one.
  const uint bytes = p.type == kWeightF32 ? 4 : 2;
  device const uchar* weights = w + min(row, p.rows - 1) * (p.k * ulong(bytes));
  device const float* column = x + group.y * ulong(p.x_stride);
  float sum = 0.0f;
  for (uint i = own; i < (p.k + 15) / 16 * 16; i += 16) {
    // An absent product is not skipped: adding +0 turns a lane of -0 to +0.
    const bool present = i < p.k;
    sum = fma(present ? load_weight(weights, p.type, i) : 0.0f, present ? column[i] : 0.0f, sum);
  }
  sum = fold(sum);
  if (own == 0 && row < p.rows) {
    y[group.y * ulong(p.y_stride) + row] = sum * p.scale;
  }
}

// w          packed tiles of layout 6bit_r16k32, 384 bytes a block, aligned to 4.
// w_scale    [tiles, k / 32, 16, 2] int8.
// row_scale  [tiles * 16]
// x          [batch, x_stride] int8, aligned to 4.
// x_scale    [batch]: a float times this, rounded, is x.
// y          [batch, y_stride]; whole tiles.
// Lane l of a SIMD group has row l % 16 of a tile and 16 of each block's 32 k; the kHeadSimdgroups of a
// threadgroup have every kHeadSimdgroups-th block. Threadgroups: one for each tile, by `batch`.
kernel void int6_gemv(device const uchar* w [[buffer(0)]], device const char* w_scale [[buffer(1)]],
                      device const float* row_scale [[buffer(2)]], device const char* x [[buffer(3)]],
                      device const float* x_scale [[buffer(4)]], device float* y [[buffer(5)]],
                      constant HeadArguments& p [[buffer(6)]], threadgroup int* shared SHARED_ARGUMENT,
                      uint3 group [[threadgroup_position_in_grid]],
                      uint simdgroup [[simdgroup_index_in_threadgroup]],
                      uint lane [[thread_index_in_simdgroup]]) {
  const uint row = lane % kTileRows;
  const uint part = lane / kTileRows;
  const uint blocks = p.k / 32;
  device const char* column = x + group.y * ulong(p.x_stride);
  int sum = 0;
  for (uint block = simdgroup; block < blocks; block += kHeadSimdgroups) {
    const ulong at = group.x * ulong(blocks) + block;
    device const uchar* codes = w + at * 384 + 4 * row;
    const uint high = *(device const uint*)(codes + 64 * (4 + part));
    int dot = 0;
    for (uint j = 0; j < 2; ++j) {
      // 8 k offsets: four in low halves of the bytes, four in high ones.
      const uint low = *(device const uint*)(codes + 64 * (2 * part + j));
      for (uint p4 = 0; p4 < 2; ++p4) {
        const uint k = 16 * part + 8 * j + 4 * p4;
        const char4 four = load_four(column + block * 32 + k);
        const uint nibbles = low >> (4 * p4) & 0x0f0f0f0fu;
        const uint tops = high >> (2 * (2 * j + p4)) & 0x03030303u;
        const uint sixes = nibbles | tops << 4;
        dot += (int(sixes & 0xffu) - 32) * int(four.x);
        dot += (int(sixes >> 8 & 0xffu) - 32) * int(four.y);
        dot += (int(sixes >> 16 & 0xffu) - 32) * int(four.z);
        dot += (int(sixes >> 24) - 32) * int(four.w);
      }
    }
    sum += dot * int(w_scale[at * 32 + 2 * row + part]);
  }
  sum += simd_shuffle_xor(sum, 16);
  const int all = sum_of_simdgroups(sum, kHeadSimdgroups, shared, simdgroup, lane);
  if (simdgroup == 0 && lane < kTileRows) {
    const uint at = group.x * kTileRows + lane;
    y[group.y * ulong(p.y_stride) + at] = float(all) * (row_scale[at] * (p.scale / x_scale[group.y]));
  }
}
