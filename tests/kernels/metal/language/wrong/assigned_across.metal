// WANT: with an lvalue of type 'threadgroup float *'
#include "kernels/metal/prelude.metal"

kernel void wrong(device float* y [[buffer(0)]], threadgroup float* shared SHARED_ARGUMENT) {
  device float* pointer = shared;
  pointer[0] = y[0];
}
