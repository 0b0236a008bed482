// Which layout of our kernels a matrix is packed into.
#pragma once

#include "absl/status/statusor.h"
#include "engine/convert/chip.h"
#include "engine/convert/convert_options.h"
#include "engine/convert/plan.h"
#include "engine/convert/tensor_facts.h"

namespace bitnet {

// `facts` are of a matrix with codes. Errors as PlanConversion().
absl::StatusOr<TensorPlan> PlanPacked(const TensorFacts& facts, const ConvertOptions& options,
                                      ActivationPolicy activations, const ChipProperties& chip);

}  // namespace bitnet
