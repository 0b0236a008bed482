// WANT: cannot assign to variable 'n' with const-qualified type
#include "kernels/metal/prelude.metal"

kernel void wrong(device float* y [[buffer(0)]], constant uint& n [[buffer(1)]]) {
  n = 1;
  y[0] = float(n);
}
