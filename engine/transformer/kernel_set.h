// The kernels that one engine uses, picked once.
#pragma once

#include "kernels/attention/attention.h"
#include "kernels/base3_gemm/base3_gemm.h"
#include "kernels/column_gemv/column_gemv.h"
#include "kernels/cpu_features.h"
#include "kernels/float_gemm/float_gemm.h"
#include "kernels/grouped_gemm/grouped_gemm.h"
#include "kernels/int6_gemm/int6_gemm.h"
#include "kernels/panel_gemm/panel_gemm.h"
#include "kernels/quantize/quantize.h"
#include "kernels/quantize_sign/quantize_sign.h"
#include "kernels/rms_norm/rms_norm.h"
#include "kernels/row_gemv/row_gemv.h"
#include "kernels/sign_gemm/sign_gemm.h"
#include "kernels/ternary_gemm/ternary_gemm.h"

namespace bitnet {

struct KernelSet {
  explicit KernelSet(CpuFeatures have)
      : rms_norm(SelectRmsNorm(have).run),
        quantize(SelectQuantizeInt8(have).run),
        quantize_groups(SelectQuantizeInt8Groups(have).run),
        quantize_binary(SelectQuantizeBinary(have).run),
        quantize_ternary(SelectQuantizeTernary(have).run),
        round_to_bf16(SelectRoundToBf16(have).run),
        ternary_gemm(SelectTernaryGemm(have).run),
        base3_gemm(SelectBase3Gemm(have).run),
        row_gemv(SelectRowGemv(have).run),
        column_gemv(SelectColumnGemv(have).run),
        grouped_gemm(SelectGroupedGemm(have).run),
        int6_gemm(SelectInt6Gemm(have).run),
        panel_gemm(SelectPanelGemm(have)),
        float_gemm(SelectFloatGemm(have).run),
        sign_binary_gemm(SelectSignBinaryGemm(have).run),
        sign_ternary_gemm(SelectSignTernaryGemm(have).run),
        sign_float_gemm(SelectSignFloatGemm(have).run),
        attend_chunk(SelectAttention(have).run),
        join_chunks(SelectAttention(have).join) {}

  RmsNorm* rms_norm;
  QuantizeInt8* quantize;
  QuantizeInt8Groups* quantize_groups;
  QuantizeBinary* quantize_binary;
  QuantizeTernary* quantize_ternary;
  RoundToBf16* round_to_bf16;
  TernaryGemm* ternary_gemm;
  Base3Gemm* base3_gemm;
  RowGemv* row_gemv;
  ColumnGemv* column_gemv;
  GroupedGemm* grouped_gemm;
  Int6Gemm* int6_gemm;
  const PanelGemmKernel& panel_gemm;
  FloatGemm* float_gemm;
  SignBinaryGemm* sign_binary_gemm;
  SignTernaryGemm* sign_ternary_gemm;
  SignFloatGemm* sign_float_gemm;
  AttendChunk* attend_chunk;
  JoinChunks* join_chunks;
};

}  // namespace bitnet
