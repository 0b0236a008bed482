// WANT: cannot pass pointer to address space
#include "kernels/metal/prelude.metal"

static float first(thread const float* x) { return x[0]; }

kernel void wrong(device float* y [[buffer(0)]]) { y[0] = first(y + 1); }
