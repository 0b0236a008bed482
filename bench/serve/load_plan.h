// Which calls a server gets, and when.
#pragma once

#include <cstdint>
#include <vector>

namespace bitnet {

struct PlannedCall {
  double seconds;  // From the start of the run.
  int prompt_tokens;
  int max_tokens;
  uint32_t seed;  // Of its prompt.
};

struct LoadPlan {
  int requests;
  double rate;                     // Arrivals a second; 0: as soon as there is room.
  std::vector<int> prompt_tokens;  // Each is as likely as the others.
  std::vector<int> max_tokens;     // Likewise.
  uint64_t seed;                   // The same one gives the same calls.
};

// Arrivals are a Poisson process: the times between them are exponential and independent, as those of many
// callers who know nothing of each other.
std::vector<PlannedCall> PlanCalls(const LoadPlan& plan);

}  // namespace bitnet
