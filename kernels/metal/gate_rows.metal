// kernels/elementwise' gates over rows: what gated_gemv.metal does on its way, after a GEMM.
#pragma once

#include "kernels/metal/gates.metal"

// gate[i] = activation(gate[i], up[i]) for i in [0, n): of all rows in one.
// Threadgroups of one SIMD group: one for each 32 elements.
kernel void gate_rows(device float* gate [[buffer(0)]], device const float* up [[buffer(1)]],
                      constant GateArguments& p [[buffer(2)]], uint3 group [[threadgroup_position_in_grid]],
                      uint simdgroup [[simdgroup_index_in_threadgroup]],
                      uint lane [[thread_index_in_simdgroup]]) {
  const uint i = group.x * kSimdLanes + lane;
  if (i < p.n) {
    gate[i] = activate(p.activation, gate[i], up[i]);
  }
}
