// Rows of two tiles times one column, for every layout of tile_layouts.metal.
#pragma once

#include "kernels/metal/simdgroup_sums.metal"
#include "kernels/metal/tile_layouts.metal"

// Sums of code * x. Lane l of a SIMD group has row l % 16 of both tiles; its half of the SIMD group, eight in
// all, takes every eighth of `blocks` blocks. So a SIMD group reads 128 bytes side by side, and what it made
// of x serves two rows. In every SIMD group lane l returns the sum of row l % 16, of the second tile from
// lane 16 on.
//
// x         int8, aligned to 4.
// shared    [kGemvSimdgroups * 32], about to be overwritten.
template <typename Layout>
static inline int row_sum(device const uchar* first_tile, device const uchar* second_tile,
                          device const char* x, uint blocks, threadgroup int* shared, uint simdgroup,
                          uint lane) {
  const uint row = lane % kTileRows;
  const uint slices = 2 * kGemvSimdgroups;
  float first = 0.0f;
  float second = 0.0f;
  for (uint block = 2 * simdgroup + lane / kTileRows; block < blocks; block += slices) {
    float scaled[Layout::kBlockK];
    Layout::scale(x + block * Layout::kBlockK, scaled);
    const ulong at = block * ulong(kTileBlockBytes) + 4 * row;
    first += Layout::dot(*(device const uint*)(first_tile + at), scaled);
    second += Layout::dot(*(device const uint*)(second_tile + at), scaled);
  }
  int first_sum = int(first);
  int second_sum = int(second);
  first_sum += simd_shuffle_xor(first_sum, 16);
  second_sum += simd_shuffle_xor(second_sum, 16);
  return sum_of_simdgroups(lane < kTileRows ? first_sum : second_sum, kGemvSimdgroups, shared, simdgroup,
                           lane);
}
