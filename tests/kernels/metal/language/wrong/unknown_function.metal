// WANT: use of undeclared identifier 'simd_prefix_inclusive_sum
#include "kernels/metal/prelude.metal"

kernel void wrong(device float* y [[buffer(0)]]) { y[0] = simd_prefix_inclusive_sum(y[1]); }
