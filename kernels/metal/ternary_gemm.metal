// kernels/ternary_gemm and kernels/base3_gemm for many columns, and so for prompts.
#pragma once

#include "kernels/metal/projections.metal"
#include "kernels/metal/tile_gemm.metal"

template <typename Layout>
static inline void ternary_gemm_tiles(device const uchar* w, device const char* x, device const int* x_sum,
                                      device const float* x_scale, device float* y,
                                      constant ProductArguments& p, threadgroup float* shared, uint3 group,
                                      uint simdgroup, uint lane) {
  const TileGroup tiles = locate_tiles(p, group.x, kGemmTiles);
  const uint i = tiles.projection;
  const uint blocks = (p.k + Layout::kBlockK - 1) / Layout::kBlockK;
  const ulong tile_bytes = blocks * ulong(kTileBlockBytes);
  const uint first_column = group.y * kGemmColumns;
  const uint columns = min(kGemmColumns, p.batch - first_column);
  GemmSums products;
  products.clear();
  add_products<Layout>(w + p.projections[i].w + tiles.first_tile * tile_bytes, tiles.tiles, tile_bytes,
                       x + first_column * ulong(p.x_stride), p.x_stride, columns, 0, blocks,
                       (threadgroup half*)shared, products, simdgroup, lane);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  store_products(products, shared, simdgroup);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint at = simdgroup * kSimdLanes + lane; at < columns * kGemmRows; at += kGemmLanes) {
    const uint row = at % kGemmRows;
    const uint column = first_column + at / kGemmRows;
    if (row < tiles.tiles * kTileRows) {
      const float factor = p.projections[i].scale / x_scale[column];
      device float* out = y + p.projections[i].y + column * ulong(p.projections[i].y_stride);
      out[tiles.first_tile * kTileRows + row] = float(int(shared[at]) - x_sum[column]) * factor;
    }
  }
}

// As ternary_gemv, to the same bits.
// Threadgroups: one for each kGemmTiles tiles of each projection, by one for each kGemmColumns columns.
kernel void ternary_gemm(device const uchar* w [[buffer(0)]], device const char* x [[buffer(1)]],
                         device const int* x_sum [[buffer(2)]], device const float* x_scale [[buffer(3)]],
                         device float* y [[buffer(4)]], constant ProductArguments& p [[buffer(5)]],
                         threadgroup float* shared SHARED_ARGUMENT,
                         uint3 group [[threadgroup_position_in_grid]],
                         uint simdgroup [[simdgroup_index_in_threadgroup]],
                         uint lane [[thread_index_in_simdgroup]]) {
  ternary_gemm_tiles<Ternary2Bit>(w, x, x_sum, x_scale, y, p, shared, group, simdgroup, lane);
}

kernel void base3_gemm(device const uchar* w [[buffer(0)]], device const char* x [[buffer(1)]],
                       device const int* x_sum [[buffer(2)]], device const float* x_scale [[buffer(3)]],
                       device float* y [[buffer(4)]], constant ProductArguments& p [[buffer(5)]],
                       threadgroup float* shared SHARED_ARGUMENT,
                       uint3 group [[threadgroup_position_in_grid]],
                       uint simdgroup [[simdgroup_index_in_threadgroup]],
                       uint lane [[thread_index_in_simdgroup]]) {
  ternary_gemm_tiles<Base3>(w, x, x_sum, x_scale, y, p, shared, group, simdgroup, lane);
}
