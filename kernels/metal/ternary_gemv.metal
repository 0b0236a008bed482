// kernels/ternary_gemm and kernels/base3_gemm for one column at a time, and so for decoding.
#pragma once

#include "kernels/metal/projections.metal"
#include "kernels/metal/tile_gemv.metal"

// The tiles of one threadgroup times column group.y.
template <typename Layout>
static inline void ternary_gemv_tiles(device const uchar* w, device const char* x, device const int* x_sum,
                                      device const float* x_scale, device float* y,
                                      constant ProductArguments& p, threadgroup int* shared, uint3 group,
                                      uint simdgroup, uint lane) {
  const TileGroup tiles = locate_tiles(p, group.x, kGemvTiles);
  const uint i = tiles.projection;
  const uint blocks = (p.k + Layout::kBlockK - 1) / Layout::kBlockK;
  const ulong tile_bytes = blocks * ulong(kTileBlockBytes);
  device const uchar* first = w + p.projections[i].w + tiles.first_tile * tile_bytes;
  // Where there is no second tile the first is read twice, and one result dropped.
  device const uchar* second = tiles.tiles == kGemvTiles ? first + tile_bytes : first;
  const int sum =
      row_sum<Layout>(first, second, x + group.y * ulong(p.x_stride), blocks, shared, simdgroup, lane);
  if (simdgroup == 0 && lane < tiles.tiles * kTileRows) {
    const float factor = p.projections[i].scale / x_scale[group.y];
    device float* column = y + p.projections[i].y + group.y * ulong(p.projections[i].y_stride);
    column[tiles.first_tile * kTileRows + lane] = float(sum - x_sum[group.y]) * factor;
  }
}

// w        packed tiles of all projections.
// x        [batch, x_stride] int8. Base-3 rows go on with zeros up to a multiple of 20.
// x_sum    [batch] sums of x.
// x_scale  [batch]: x is a float times this, rounded.
// y        what the projections say; whole tiles.
// Threadgroups: one for each kGemvTiles tiles of each projection, by `batch`.
kernel void ternary_gemv(device const uchar* w [[buffer(0)]], device const char* x [[buffer(1)]],
                         device const int* x_sum [[buffer(2)]], device const float* x_scale [[buffer(3)]],
                         device float* y [[buffer(4)]], constant ProductArguments& p [[buffer(5)]],
                         threadgroup int* shared SHARED_ARGUMENT,
                         uint3 group [[threadgroup_position_in_grid]],
                         uint simdgroup [[simdgroup_index_in_threadgroup]],
                         uint lane [[thread_index_in_simdgroup]]) {
  ternary_gemv_tiles<Ternary2Bit>(w, x, x_sum, x_scale, y, p, shared, group, simdgroup, lane);
}

kernel void base3_gemv(device const uchar* w [[buffer(0)]], device const char* x [[buffer(1)]],
                       device const int* x_sum [[buffer(2)]], device const float* x_scale [[buffer(3)]],
                       device float* y [[buffer(4)]], constant ProductArguments& p [[buffer(5)]],
                       threadgroup int* shared SHARED_ARGUMENT, uint3 group [[threadgroup_position_in_grid]],
                       uint simdgroup [[simdgroup_index_in_threadgroup]],
                       uint lane [[thread_index_in_simdgroup]]) {
  ternary_gemv_tiles<Base3>(w, x, x_sum, x_scale, y, p, shared, group, simdgroup, lane);
}
