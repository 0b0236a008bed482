// A feed-forward layer's gate and up with the activation between them, for one column at a time: gate's rows
// of a tile and up's are summed side by side, so nothing goes through memory in between.
#pragma once

#include "kernels/metal/gates.metal"
#include "kernels/metal/tile_gemv.metal"

template <typename Layout>
static inline void gated_gemv_tile(device const uchar* w, device const char* x, device const int* x_sum,
                                   device const float* x_scale, device float* h, constant ProductArguments& p,
                                   threadgroup int* shared, uint3 group, uint simdgroup, uint lane) {
  const uint blocks = (p.k + Layout::kBlockK - 1) / Layout::kBlockK;
  const ulong tile = group.x * (blocks * ulong(kTileBlockBytes));
  const int sum = row_sum<Layout>(w + p.projections[0].w + tile, w + p.projections[1].w + tile,
                                  x + group.y * ulong(p.x_stride), blocks, shared, simdgroup, lane);
  const float factor = p.projections[lane / kTileRows].scale / x_scale[group.y];
  const float product = float(sum - x_sum[group.y]) * factor;
  const float up = simd_shuffle_xor(product, 16);
  if (simdgroup == 0 && lane < kTileRows) {
    h[p.projections[0].y + group.y * ulong(p.projections[0].y_stride) + group.x * kTileRows + lane] =
        activate(p.activation, product, up);
  }
}

// As ternary_gemv of two projections, gate and up, whose shapes are alike; the result goes where the first
// one's products would. Threadgroups: one for each tile, by `batch`.
kernel void ternary_gated_gemv(device const uchar* w [[buffer(0)]], device const char* x [[buffer(1)]],
                               device const int* x_sum [[buffer(2)]],
                               device const float* x_scale [[buffer(3)]], device float* h [[buffer(4)]],
                               constant ProductArguments& p [[buffer(5)]],
                               threadgroup int* shared SHARED_ARGUMENT,
                               uint3 group [[threadgroup_position_in_grid]],
                               uint simdgroup [[simdgroup_index_in_threadgroup]],
                               uint lane [[thread_index_in_simdgroup]]) {
  gated_gemv_tile<Ternary2Bit>(w, x, x_sum, x_scale, h, p, shared, group, simdgroup, lane);
}

kernel void base3_gated_gemv(device const uchar* w [[buffer(0)]], device const char* x [[buffer(1)]],
                             device const int* x_sum [[buffer(2)]], device const float* x_scale [[buffer(3)]],
                             device float* h [[buffer(4)]], constant ProductArguments& p [[buffer(5)]],
                             threadgroup int* shared SHARED_ARGUMENT,
                             uint3 group [[threadgroup_position_in_grid]],
                             uint simdgroup [[simdgroup_index_in_threadgroup]],
                             uint lane [[thread_index_in_simdgroup]]) {
  gated_gemv_tile<Base3>(w, x, x_sum, x_scale, h, p, shared, group, simdgroup, lane);
}
