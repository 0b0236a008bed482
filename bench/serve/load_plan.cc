#include "bench/serve/load_plan.h"

#include <cmath>

#include "bench/models/random_bytes.h"

namespace bitnet {
namespace {

int OneOf(const std::vector<int>& values, Random& random) { return values[random.Next() % values.size()]; }

// In (0, 1].
double Uniform(Random& random) { return (static_cast<double>(random.Next() >> 11) + 1) * 0x1p-53; }

}  // namespace

std::vector<PlannedCall> PlanCalls(const LoadPlan& plan) {
  Random random(plan.seed);
  std::vector<PlannedCall> calls;
  double seconds = 0;
  for (int i = 0; i < plan.requests; ++i) {
    if (plan.rate > 0) seconds -= std::log(Uniform(random)) / plan.rate;
    const int prompt_tokens = OneOf(plan.prompt_tokens, random);
    const int max_tokens = OneOf(plan.max_tokens, random);
    calls.push_back({seconds, prompt_tokens, max_tokens, static_cast<uint32_t>(random.Next() >> 33) + 1});
  }
  return calls;
}

}  // namespace bitnet
