// WANT: use of undeclared identifier 'std'
#include "kernels/metal/prelude.metal"

kernel void wrong(device float* y [[buffer(0)]]) { y[0] = std::fabs(y[1]); }
