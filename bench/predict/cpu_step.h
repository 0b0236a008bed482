// What a step takes on a CPU.
#pragma once

#include "bench/predict/gpu_step.h"

namespace bitnet {

struct CpuStepCost {
  uint64_t bytes;       // Weights once for all tokens, keys and values once for all query heads of theirs.
  uint64_t int8_macs;   // Of weights of 1 and 2 bits.
  uint64_t float_macs;  // Of attention.
};

CpuStepCost CpuStep(const PredictedModel& model, const StepTokens& tokens);

}  // namespace bitnet
