// Functions that kernels are made of, each as a kernel of its own.
#include "kernels/metal/attention.metal"

// y[i] = softmax_exp(x[i]), 32 a threadgroup.
kernel void elementary_softmax_exp(device const float* x [[buffer(0)]], device float* y [[buffer(1)]],
                                   uint3 group [[threadgroup_position_in_grid]],
                                   uint simdgroup [[simdgroup_index_in_threadgroup]],
                                   uint lane [[thread_index_in_simdgroup]]) {
  y[group.x * 32 + lane] = softmax_exp(x[group.x * 32 + lane]);
}
