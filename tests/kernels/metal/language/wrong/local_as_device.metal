// WANT: no matching function
#include "kernels/metal/prelude.metal"

static void fill(device float* x) { x[0] = 1.0f; }

kernel void wrong(device float* y [[buffer(0)]]) {
  float own[2];
  fill(own);
  y[0] = own[0];
}
