// kernels/sign_gemm: one-bit weights times signs or trits, whose products are counted, and times floats.
#pragma once

#include "kernels/metal/row_reductions.metal"

// A row's 64 weights of a block are two words. Lane l of a SIMD group has row l / 4 of a tile, and of its
// words every fourth block: 8 rows by 4 lanes. Bits of -1 products are counted.
//
// Returns the row's count in all four of its lanes.
static inline int count_row(device const uchar* tile, uint blocks, device const uint* plus,
                            device const uint* minus, bool ternary, uint lane) {
  const uint row = lane / 4;
  int count = 0;
  for (uint block = lane % 4; block < blocks; block += 4) {
    for (uint half_word = 0; half_word < 2; ++half_word) {
      const uint w = *(device const uint*)(tile + block * 64ul + row * 8 + half_word * 4);
      const uint at = 2 * block + half_word;
      const uint products = ternary ? (w & minus[at]) | (~w & plus[at]) : w ^ plus[at];
      count += int(popcount(products));
    }
  }
  count += simd_shuffle_xor(count, 1);
  count += simd_shuffle_xor(count, 2);
  return count;
}

// w          packed tiles of 8 rows.
// row_scale  [rows, padded to tiles]
// plus       [batch, k / 32] words: the planes of quantize_sign.h.
// minus      The same; read by sign_ternary_gemv alone.
// nonzero    [batch]; likewise.
// x_scale    [batch]
// y          [batch, y_stride]; whole tiles.
// Threadgroups of one SIMD group: one for each tile, by `batch`.
kernel void sign_binary_gemv(device const uchar* w [[buffer(0)]], device const float* row_scale [[buffer(1)]],
                             device const uint* plus [[buffer(2)]], device const float* x_scale [[buffer(3)]],
                             device float* y [[buffer(4)]], constant SignArguments& p [[buffer(5)]],
                             uint3 group [[threadgroup_position_in_grid]],
                             uint simdgroup [[simdgroup_index_in_threadgroup]],
                             uint lane [[thread_index_in_simdgroup]]) {
  const uint blocks = p.k / 64;
  device const uint* bits = plus + group.y * ulong(2 * blocks);
  const int count = count_row(w + group.x * (blocks * 64ul), blocks, bits, bits, false, lane);
  if (lane % 4 == 0) {
    const uint row = group.x * kSignRows + lane / 4;
    y[group.y * ulong(p.y_stride) + row] =
        (float(int(p.k) - 2 * count) * (row_scale[row] * x_scale[group.y])) * p.scale;
  }
}

kernel void sign_ternary_gemv(device const uchar* w [[buffer(0)]],
                              device const float* row_scale [[buffer(1)]],
                              device const uint* plus [[buffer(2)]], device const uint* minus [[buffer(3)]],
                              device const int* nonzero [[buffer(4)]],
                              device const float* x_scale [[buffer(5)]], device float* y [[buffer(6)]],
                              constant SignArguments& p [[buffer(7)]],
                              uint3 group [[threadgroup_position_in_grid]],
                              uint simdgroup [[simdgroup_index_in_threadgroup]],
                              uint lane [[thread_index_in_simdgroup]]) {
  const uint blocks = p.k / 64;
  const ulong words = group.y * ulong(2 * blocks);
  const int count = count_row(w + group.x * (blocks * 64ul), blocks, plus + words, minus + words, true, lane);
  if (lane % 4 == 0) {
    const uint row = group.x * kSignRows + lane / 4;
    y[group.y * ulong(p.y_stride) + row] =
        (float(nonzero[group.y] - 2 * count) * (row_scale[row] * x_scale[group.y])) * p.scale;
  }
}

// x floats, [batch, x_stride]. A row is summed by 16 lanes, whose order sign_gemm.h fixes, two rows by a SIMD
// group. Threadgroups of four SIMD groups: one for each tile, by `batch`.
kernel void sign_float_gemv(device const uchar* w [[buffer(0)]], device const float* row_scale [[buffer(1)]],
                            device const float* x [[buffer(2)]], device float* y [[buffer(3)]],
                            constant SignArguments& p [[buffer(4)]],
                            uint3 group [[threadgroup_position_in_grid]],
                            uint simdgroup [[simdgroup_index_in_threadgroup]],
                            uint lane [[thread_index_in_simdgroup]]) {
  const uint row = 2 * simdgroup + lane / 16;
  const uint own = lane % 16;
  device const uchar* tile = w + group.x * (p.k / 64 * 64ul);
  device const float* column = x + group.y * ulong(p.x_stride);
  float sum = 0.0f;
  for (uint block = 0; block < p.k / 64; ++block) {
    for (uint part = 0; part < 4; ++part) {
      // Weight 16 * part + own is a bit of one 16-bit quarter.
      const uint bits = *(device const ushort*)(tile + block * 64ul + row * 8 + part * 2);
      const uint sign = (~bits >> own & 1u) << 31;
      sum += as_type<float>(as_type<uint>(column[block * 64 + part * 16 + own]) ^ sign);
    }
  }
  sum = fold(sum);
  if (own == 0) {
    const uint at = group.x * kSignRows + row;
    y[group.y * ulong(p.y_stride) + at] = (row_scale[at] * sum) * p.scale;
  }
}
