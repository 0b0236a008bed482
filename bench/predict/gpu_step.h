// What a step takes on a GPU, dispatch by dispatch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/models/shapes.h"
#include "engine/weights/head_format.h"

namespace bitnet {

struct PredictedModel {
  ModelShape shape;
  WeightType type;  // Of the layers.
  WeightType head;  // Of embedding and head, as the file has them.
  HeadFormat head_format = HeadFormat::kAuto;

  // Whether the head is read in 6 bits: only floats are quantised.
  bool has_int6_head() const;
  // Codes and scales.
  uint64_t layer_bytes() const;
  uint64_t head_bytes() const;
};

// Tokens of a step: one each of `tokens` sequences that decode at position `context`; or so many of one
// prompt, after `context` others, of which the last one wants logits.
struct StepTokens {
  uint64_t tokens;
  uint64_t context = 0;
  bool prompt = false;

  uint64_t logits() const { return prompt ? 1 : tokens; }
  // Pairs of a query's position and a key's.
  uint64_t attended() const { return tokens * context + (prompt ? tokens * (tokens + 1) / 2 : 0); }
};

// What multiplies. Else it waits for memory, and multiplications hide behind that.
enum class GpuUnit : uint8_t { kNone, kMatrix, kLanes };

// One dispatch of kernels/metal.
struct DispatchCost {
  uint64_t bytes;       // Read from memory: weights, keys and values.
  uint64_t simdgroups;  // Of its grid.
  GpuUnit unit = GpuUnit::kNone;
  uint64_t macs = 0;  // Multiply-adds of that unit.
};

// The dispatches of a step, as engine/metal makes them. INVALID_ARGUMENT: a type that cannot hold rows of the
// shape's lengths; UNIMPLEMENTED: one of layers that engine/metal does not run.
absl::StatusOr<std::vector<DispatchCost>> GpuStep(const PredictedModel& model, const StepTokens& tokens);

uint64_t TotalBytes(const std::vector<DispatchCost>& step);

}  // namespace bitnet
