// Activations of models with 1-bit weights: signs, trits, or bfloat16.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/cpu_features.h"

namespace bitnet {

// The mean of |x| is summed in 16 interleaved lanes: lane j starts at +0 and adds |x[i]| for i = j, j+16,
// ...; lanes fold by halves (j += j+8, j += j+4, j += j+2, j += j+1), and the sum is divided by float(n).
//
// In a plane, bit j of word i stands for element 64 i + j, as kernels/sign_gemm reads it.
//
// Every variant below gives the same bits. x holds finite values and need not be aligned.

// n is a multiple of 64. Sets the bits of `plus` [n / 64] where x >= 0 (so for both zeros); elsewhere a sign
// is -1. Returns the scale: the mean of |x|, so 0 for a row of zeros.
using QuantizeBinary = float(size_t n, const float* x, uint64_t* plus);

struct TernaryRow {
  float scale;      // gamma = max(mean of |x|, 1e-5).
  int32_t nonzero;  // Bits set in both planes.
};

// n is a multiple of 64. The trit of x is clamp(round_half_even(x / gamma), -1, 1). It is +1 exactly where x
// > gamma / 2, and -1 where x < -gamma / 2, which needs no division: gamma / 2 is exact, and the quotient of
// the next larger float and gamma rounds to more than 0.5. Sets the bits of `plus` and of `minus` [n / 64
// each].
using QuantizeTernary = TernaryRow(size_t n, const float* x, uint64_t* plus, uint64_t* minus);

// Any n. y[i] is x[i] rounded to bfloat16, to nearest and half to even, as a float: of magnitudes that large
// it is infinity. NaNs stay NaNs. y may be x.
using RoundToBf16 = void(size_t n, const float* x, float* y);

template <typename Run>
struct QuantizeSignKernel {
  const char* name;
  CpuFeatures needs;
  Run* run;
};
using QuantizeBinaryKernel = QuantizeSignKernel<QuantizeBinary>;
using QuantizeTernaryKernel = QuantizeSignKernel<QuantizeTernary>;
using RoundToBf16Kernel = QuantizeSignKernel<RoundToBf16>;

std::span<const QuantizeBinaryKernel> QuantizeBinaryKernels();
std::span<const QuantizeTernaryKernel> QuantizeTernaryKernels();
std::span<const RoundToBf16Kernel> RoundToBf16Kernels();
const QuantizeBinaryKernel& SelectQuantizeBinary(CpuFeatures have);
const QuantizeTernaryKernel& SelectQuantizeTernary(CpuFeatures have);
const RoundToBf16Kernel& SelectRoundToBf16(CpuFeatures have);

QuantizeBinary QuantizeBinaryPortable, QuantizeBinaryX86Avx2, QuantizeBinaryX86Avx512Vnni,
    QuantizeBinaryArmNeonDot;
QuantizeTernary QuantizeTernaryPortable, QuantizeTernaryX86Avx2, QuantizeTernaryX86Avx512Vnni,
    QuantizeTernaryArmNeonDot;
RoundToBf16 RoundToBf16Portable, RoundToBf16X86Avx2, RoundToBf16X86Avx512Vnni, RoundToBf16ArmNeonDot;

}  // namespace bitnet
