// What the mistakes in wrong/ are next to.
#include "kernels/metal/prelude.metal"

static float first(device const float* x) { return x[0]; }
static float first(threadgroup const float* x) { return x[0]; }
static float first(thread const float* x) { return x[0]; }

kernel void right(device float* y [[buffer(0)]], constant uint& n [[buffer(1)]],
                  threadgroup float* shared SHARED_ARGUMENT) {
  float own[2] = {0.1f, 0.2f};
  device float* pointer = y + n;
  pointer[0] = first(y) + first(shared) + first(own) + *(device const float*)pointer;
}
