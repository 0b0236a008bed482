// What a step works on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/adapters/adapter_layer.h"
#include "engine/cache/kv_cache.h"
#include "engine/sampling/logits_needed.h"

namespace bitnet {

// One position of one sequence.
struct BatchToken {
  int32_t token = 0;
  size_t position = 0;                 // From 0; below max_seq_len.
  const BlockTable* blocks = nullptr;  // Of its sequence, with room for `position`. Borrowed for the call.
  bool wants_logits = false;
  bool wants_hidden = false;          // Its hidden state, what logits are made of.
  size_t logits_needed = kAllLogits;  // Of the highest; see sampling/logits_needed.h.
  // What its sequence uses beside the model: one list for all of its tokens. Borrowed for the call.
  std::span<const ActiveAdapter> adapters = {};
};

}  // namespace bitnet
