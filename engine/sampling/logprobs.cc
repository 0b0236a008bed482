#include "engine/sampling/logprobs.h"

#include <algorithm>
#include <cassert>

#include "kernels/math/math.h"

namespace bitnet {

double LogSumExp(std::span<const float> logits) {
  const double highest = *std::ranges::max_element(logits);
  double sum = 0;
  for (float logit : logits) {
    sum += Exp(logit - highest);
  }
  return highest + Log(sum);
}

void TopLogprobs(std::span<const float> logits, double log_sum_exp, size_t n,
                 std::vector<TokenLogprob>& top) {
  assert(top.capacity() >= n);
  top.clear();
  // Insertion into a short sorted list: beyond the first few hundred tokens, hardly one gets in.
  for (size_t id = 0; id < logits.size() && n > 0; ++id) {
    if (top.size() == n) {
      if (logits[id] <= top.back().logprob) {
        continue;
      }
      top.pop_back();
    }
    const auto at = std::ranges::find_if(top, [&](const TokenLogprob& t) { return t.logprob < logits[id]; });
    top.insert(at, {static_cast<int32_t>(id), logits[id]});
  }
  for (TokenLogprob& t : top) {
    t.logprob = static_cast<float>(t.logprob - log_sum_exp);
  }
}

}  // namespace bitnet
