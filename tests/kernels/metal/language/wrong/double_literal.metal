// WANT: increases floating-point precision
#include "kernels/metal/prelude.metal"

kernel void wrong(device float* y [[buffer(0)]]) { y[0] = y[1] * 0.1; }
