// Who may run whole steps in the Transformer's place.
#pragma once

#include <optional>
#include <span>

#include "engine/transformer/batch_token.h"

namespace bitnet {

// Its logits, and the keys and values that it leaves, have the Transformer's bits.
class StepAccelerator {
 public:
  virtual ~StepAccelerator() = default;
  virtual bool Takes(std::span<const BatchToken> batch) const = 0;
  // As Transformer::Forward. Nothing: it could not, and the step is the Transformer's after all.
  virtual std::optional<std::span<const float>> Forward(std::span<const BatchToken> batch) = 0;
};

}  // namespace bitnet
