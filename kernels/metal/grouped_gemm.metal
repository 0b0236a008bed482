// kernels/grouped_gemm for many columns: a group's products on the matrix units, then one fused multiply-add
// for each.
#pragma once

#include "kernels/metal/projections.metal"
#include "kernels/metal/tile_gemm.metal"

// Products of a threadgroup that one lane adds up.
static constant constexpr uint kOwnProducts = kGemmRows * kGemmColumns / kGemmLanes;

template <typename Layout>
static inline void grouped_gemm_tiles(device const uchar* w, device const half* w_scale, device const char* x,
                                      device const int* x_sum, device const float* x_inv, device float* y,
                                      constant ProductArguments& p, threadgroup float* shared, uint3 position,
                                      uint simdgroup, uint lane) {
  const TileGroup tiles = locate_tiles(p, position.x, kGemmTiles);
  const uint i = tiles.projection;
  const uint groups = p.k / p.group;
  const uint group_blocks = p.group / Layout::kBlockK;
  const ulong tile_bytes = p.k / Layout::kBlockK * ulong(kTileBlockBytes);
  device const uchar* first_tile = w + p.projections[i].w + tiles.first_tile * tile_bytes;
  const uint first_column = position.y * kGemmColumns;
  const uint columns = min(kGemmColumns, p.batch - first_column);
  device const char* first_x = x + first_column * ulong(p.x_stride);
  // Of lane l: row l % 64 of columns l / 64, l / 64 + 2, ...
  const uint index = simdgroup * kSimdLanes + lane;
  const uint row = index % kGemmRows;
  const bool has_row = row < tiles.tiles * kTileRows;
  device const half* scales = w_scale + p.projections[i].w_scale +
                              (tiles.first_tile + row / kTileRows) * ulong(groups) * kTileRows +
                              row % kTileRows;
  float sums[kOwnProducts];
  for (uint j = 0; j < kOwnProducts; ++j) {
    sums[j] = 0.0f;
  }
  for (uint group = 0; group < groups; ++group) {
    GemmSums products;
    products.clear();
    add_products<Layout>(first_tile, tiles.tiles, tile_bytes, first_x, p.x_stride, columns,
                         group * group_blocks, (group + 1) * group_blocks, (threadgroup half*)shared,
                         products, simdgroup, lane);
    threadgroup_barrier(mem_flags::mem_threadgroup);
    store_products(products, shared, simdgroup);
    threadgroup_barrier(mem_flags::mem_threadgroup);
    const float scale = has_row ? float(scales[group * kTileRows]) : 0.0f;
    for (uint j = 0; j < kOwnProducts; ++j) {
      const uint column = index / kGemmRows + j * (kGemmLanes / kGemmRows);
      if (column < columns) {
        const ulong at = (first_column + column) * ulong(groups) + group;
        const int dot = int(shared[column * kGemmRows + row]) - x_sum[at];
        sums[j] = fma(float(dot), scale * x_inv[at], sums[j]);
      }
    }
  }
  for (uint j = 0; j < kOwnProducts; ++j) {
    const uint column = index / kGemmRows + j * (kGemmLanes / kGemmRows);
    if (has_row && column < columns) {
      device float* out = y + p.projections[i].y + (first_column + column) * ulong(p.projections[i].y_stride);
      out[tiles.first_tile * kTileRows + row] = sums[j] * p.projections[i].scale;
    }
  }
}

// As grouped_1bit_gemv, to the same bits.
// Threadgroups: one for each kGemmTiles tiles of each projection, by one for each kGemmColumns columns.
kernel void grouped_1bit_gemm(device const uchar* w [[buffer(0)]], device const half* w_scale [[buffer(1)]],
                              device const char* x [[buffer(2)]], device const int* x_sum [[buffer(3)]],
                              device const float* x_inv [[buffer(4)]], device float* y [[buffer(5)]],
                              constant ProductArguments& p [[buffer(6)]],
                              threadgroup float* shared SHARED_ARGUMENT,
                              uint3 group [[threadgroup_position_in_grid]],
                              uint simdgroup [[simdgroup_index_in_threadgroup]],
                              uint lane [[thread_index_in_simdgroup]]) {
  grouped_gemm_tiles<OneBit>(w, w_scale, x, x_sum, x_inv, y, p, shared, group, simdgroup, lane);
}

kernel void grouped_2bit_gemm(device const uchar* w [[buffer(0)]], device const half* w_scale [[buffer(1)]],
                              device const char* x [[buffer(2)]], device const int* x_sum [[buffer(3)]],
                              device const float* x_inv [[buffer(4)]], device float* y [[buffer(5)]],
                              constant ProductArguments& p [[buffer(6)]],
                              threadgroup float* shared SHARED_ARGUMENT,
                              uint3 group [[threadgroup_position_in_grid]],
                              uint simdgroup [[simdgroup_index_in_threadgroup]],
                              uint lane [[thread_index_in_simdgroup]]) {
  grouped_gemm_tiles<Ternary2Bit>(w, w_scale, x, x_sum, x_inv, y, p, shared, group, simdgroup, lane);
}
