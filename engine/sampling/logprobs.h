// Log-probabilities of tokens, before any sampling setting.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/generation.h"

namespace bitnet {

// log(sum of exp(logits)): a token's log-probability is its logit minus this. Finite logits.
double LogSumExp(std::span<const float> logits);

// The `n` likeliest tokens, ties by rising id, into `top`, whose capacity must be at least n: nothing is
// allocated.
void TopLogprobs(std::span<const float> logits, double log_sum_exp, size_t n, std::vector<TokenLogprob>& top);

}  // namespace bitnet
