// WANT: there_is_no_double_in_metal
#include "kernels/metal/prelude.metal"

kernel void wrong(device float* y [[buffer(0)]]) {
  const double x = 1;
  y[0] = float(x);
}
