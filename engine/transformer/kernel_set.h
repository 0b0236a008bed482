// The kernels that one engine uses, picked once.
#pragma once

#include "kernels/attention/attention.h"
#include "kernels/cpu_features.h"
#include "kernels/half_gemm/half_gemm.h"
#include "kernels/quantize/quantize.h"
#include "kernels/rms_norm/rms_norm.h"
#include "kernels/ternary_gemm/ternary_gemm.h"

namespace bitnet {

struct KernelSet {
  explicit KernelSet(CpuFeatures have)
      : rms_norm(SelectRmsNorm(have).run),
        quantize(SelectQuantizeInt8(have).run),
        ternary_gemm(SelectTernaryGemm(have).run),
        attention(SelectAttention(have).run),
        half_gemm(SelectHalfGemm(have).run) {}

  RmsNorm* rms_norm;
  QuantizeInt8* quantize;
  TernaryGemm* ternary_gemm;
  Attention* attention;
  HalfGemm* half_gemm;
};

}  // namespace bitnet
