// Elementary functions of our own: a C library's differ from platform to platform in the last bit.
#pragma once

namespace bitnet {

// e^x in float for x <= 0, as softmax uses it (see kernels/math/exp.h for the definition that vector
// variants repeat). Below -87.3 the result is +0.
float SoftmaxExp(float x);

// Double-precision functions, accurate to about 2 units in the last place; the same bits everywhere since
// they use only IEEE addition, multiplication, division and std::fma.
double Exp(double x);  // Any x; overflows to infinity, underflows to 0.
double Log(double x);  // x > 0.
struct SinCosResult {
  double sin, cos;
};
SinCosResult SinCos(double x);  // |x| <= 2^20, as RoPE angles are.

}  // namespace bitnet
