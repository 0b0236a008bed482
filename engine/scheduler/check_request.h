// What a request must look like before it is queued.
#pragma once

#include <cstddef>

#include "absl/status/status.h"
#include "engine/generation.h"

namespace bitnet {

struct RequestLimits {
  size_t vocab_size;
  size_t max_seq_len;
  size_t kv_cache_tokens;

  // Positions a sequence can ever have.
  size_t max_positions() const { return kv_cache_tokens < max_seq_len ? kv_cache_tokens : max_seq_len; }
};

// INVALID_ARGUMENT names the field, what it holds and what it may hold.
absl::Status CheckRequest(const GenerationRequest& request, const RequestLimits& limits);

}  // namespace bitnet
