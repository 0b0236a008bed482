// kernels/grouped_gemm for one column at a time.
#pragma once

#include "kernels/metal/projections.metal"
#include "kernels/metal/tile_layouts.metal"

// Adds the groups of a row of two tiles in ascending order, by one fused multiply-add each. A half of a SIMD
// group, eight of them in all, sums whole groups, kGroupsAtOnce between two meetings; then lane l of the
// first SIMD group takes the sums of row l % 16, of the second tile from lane 16 on, in their order.
template <typename Layout>
static inline void grouped_gemv_tiles(device const uchar* w, device const half* w_scale, device const char* x,
                                      device const int* x_sum, device const float* x_inv, device float* y,
                                      constant ProductArguments& p, threadgroup int* shared, uint3 position,
                                      uint simdgroup, uint lane) {
  const TileGroup tiles = locate_tiles(p, position.x, kGemvTiles);
  const uint i = tiles.projection;
  const uint row = lane % kTileRows;
  const uint groups = p.k / p.group;
  const uint group_blocks = p.group / Layout::kBlockK;
  const ulong tile_bytes = p.k / Layout::kBlockK * ulong(kTileBlockBytes);
  device const uchar* first = w + p.projections[i].w + tiles.first_tile * tile_bytes;
  device const uchar* second = tiles.tiles == kGemvTiles ? first + tile_bytes : first;
  device const char* column = x + position.y * ulong(p.x_stride);
  // What the last lanes need; of a tile that is not there, the first one's.
  const uint own_tile = tiles.first_tile + min(lane / kTileRows, tiles.tiles - 1);
  device const half* own_scales = w_scale + p.projections[i].w_scale + own_tile * ulong(groups) * kTileRows;
  float sum = 0.0f;
  for (uint begin = 0; begin < groups; begin += kGroupsAtOnce) {
    const uint end = min(begin + kGroupsAtOnce, groups);
    for (uint group = begin + 2 * simdgroup + lane / kTileRows; group < end; group += 2 * kGemvSimdgroups) {
      float first_sum = 0.0f;
      float second_sum = 0.0f;
      for (uint block = group * group_blocks; block < (group + 1) * group_blocks; ++block) {
        float scaled[Layout::kBlockK];
        Layout::scale(column + block * Layout::kBlockK, scaled);
        const ulong at = block * ulong(kTileBlockBytes) + 4 * row;
        first_sum += Layout::dot(*(device const uint*)(first + at), scaled);
        second_sum += Layout::dot(*(device const uint*)(second + at), scaled);
      }
      threadgroup int* sums = shared + (group - begin) * kSimdLanes + row;
      sums[0] = int(first_sum);
      sums[kTileRows] = int(second_sum);
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
    if (simdgroup == 0) {
      for (uint group = begin; group < end; ++group) {
        const ulong at = position.y * ulong(groups) + group;
        const int dot = shared[(group - begin) * kSimdLanes + lane] - x_sum[at];
        sum = fma(float(dot), float(own_scales[group * kTileRows + row]) * x_inv[at], sum);
      }
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
  if (simdgroup == 0 && lane < tiles.tiles * kTileRows) {
    device float* out = y + p.projections[i].y + position.y * ulong(p.projections[i].y_stride);
    out[tiles.first_tile * kTileRows + lane] = sum * p.projections[i].scale;
  }
}

// w        packed tiles of all projections.
// w_scale  [tiles, k / group, 16] of each projection, from where it says.
// x        [batch, x_stride] int8.
// x_sum    [batch, k / group] sums of x.
// x_inv    [batch, k / group]: x times this is a float.
// Threadgroups: one for each kGemvTiles tiles of each projection, by `batch`.
kernel void grouped_1bit_gemv(device const uchar* w [[buffer(0)]], device const half* w_scale [[buffer(1)]],
                              device const char* x [[buffer(2)]], device const int* x_sum [[buffer(3)]],
                              device const float* x_inv [[buffer(4)]], device float* y [[buffer(5)]],
                              constant ProductArguments& p [[buffer(6)]],
                              threadgroup int* shared SHARED_ARGUMENT,
                              uint3 group [[threadgroup_position_in_grid]],
                              uint simdgroup [[simdgroup_index_in_threadgroup]],
                              uint lane [[thread_index_in_simdgroup]]) {
  grouped_gemv_tiles<OneBit>(w, w_scale, x, x_sum, x_inv, y, p, shared, group, simdgroup, lane);
}

kernel void grouped_2bit_gemv(device const uchar* w [[buffer(0)]], device const half* w_scale [[buffer(1)]],
                              device const char* x [[buffer(2)]], device const int* x_sum [[buffer(3)]],
                              device const float* x_inv [[buffer(4)]], device float* y [[buffer(5)]],
                              constant ProductArguments& p [[buffer(6)]],
                              threadgroup int* shared SHARED_ARGUMENT,
                              uint3 group [[threadgroup_position_in_grid]],
                              uint simdgroup [[simdgroup_index_in_threadgroup]],
                              uint lane [[thread_index_in_simdgroup]]) {
  grouped_gemv_tiles<Ternary2Bit>(w, w_scale, x, x_sum, x_inv, y, p, shared, group, simdgroup, lane);
}
