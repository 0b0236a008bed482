// How much may wait.
#pragma once

#include <cstdint>

namespace bitnet {

// Of requests without a first token: how many, and how many tokens of prompt and answer they ask for; of all
// clients together, and of each. A client is a token's name, or an address where callers have no tokens.
struct AdmissionLimits {
  int requests = 256;
  // 256 requests of a page of prompt and a page of answer. A single request always may.
  int64_t tokens = 256 * 1024;
  // Half of it, so that one client cannot keep out all others.
  int requests_per_client = 128;
  int64_t tokens_per_client = 128 * 1024;
};

}  // namespace bitnet
