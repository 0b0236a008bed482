// Decides what every tensor becomes, before anything is written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/convert/chip.h"
#include "engine/convert/convert_options.h"
#include "engine/convert/tensor_facts.h"
#include "engine/model/model_config.h"
#include "engine/model/model_file.h"

namespace bitnet {

struct TensorPlan {
  std::string name;
  size_t source = 0;  // Which tensor of the input, counted from 0.
  GgmlType from;
  GgmlType to;
  bool copy = false;    // The bytes stay what they are.
  bool packed = false;  // By PackMatrix.
  size_t group = 0;     // Of a packed type with groups.
  // Floats that hold codes are encoded as this before they are packed; kF32: they are not.
  GgmlType via = GgmlType::kF32;
  uint64_t bytes = 0;  // Of the result.
  size_t rows = 0;
  size_t k = 0;
  std::string why;  // A few words.

  double bits_per_weight() const { return 8.0 * static_cast<double>(bytes) / static_cast<double>(rows * k); }
};

// A pure function: the same facts give the same plan. `activations` are the model's, which packed layouts
// depend on; `chip` is asked in kAuto alone. INVALID_ARGUMENT: a tensor cannot become what the options want;
// UNIMPLEMENTED: there is no layout or type for it. Both name the tensor and say what would do.
absl::StatusOr<std::vector<TensorPlan>> PlanConversion(std::span<const TensorFacts> facts,
                                                       const ConvertOptions& options,
                                                       ActivationPolicy activations,
                                                       const ChipProperties& chip);

// Adds the output head in 6 bits to `plans` of a conversion that packs: in place of a head of its own, or as
// one beside the embedding that serves as head (`tied`), which stays what it is, since tokens are looked up
// in it. Large heads only, unless the options say otherwise.
void PlanPackedHead(std::span<const TensorFacts> facts, const ConvertOptions& options, bool tied,
                    std::vector<TensorPlan>& plans);

// The keys of the result: those of `file` and what becomes true by converting it.
ModelKeys PlanKeys(const ModelFile& file, std::span<const TensorFacts> facts,
                   std::span<const TensorPlan> plans, ActivationPolicy activations);

}  // namespace bitnet
