// WANT: no matching function
#include "kernels/metal/prelude.metal"

static float first(device const float* x) { return x[0]; }

kernel void wrong(device float* y [[buffer(0)]], threadgroup float* shared SHARED_ARGUMENT) {
  y[0] = first(shared);
}
