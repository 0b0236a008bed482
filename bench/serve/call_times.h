// When the answers of concurrent calls came, and what that sums up to.
#pragma once

#include <chrono>
#include <vector>

#include "absl/status/status.h"
#include "bench/report/record.h"

namespace bitnet {

struct CallTimes {
  using Clock = std::chrono::steady_clock;
  Clock::time_point begin;  // When it was to be made, though the caller may have been late: else a server
                            // that holds its callers up would look fast (coordinated omission).
  std::vector<Clock::time_point> tokens = {};  // When each token came; several may come at once.
  absl::Status status = absl::OkStatus();
};

// What a caller wants; 0: anything.
struct LatencyGoals {
  double first_token = 0;  // Seconds to the first token at most.
  double between = 0;      // And between any two tokens.
};

// Adds, of the calls that were answered: "tokens_per_second" of all together, from the first beginning to the
// last token, and percentiles of the time from a call's beginning to its first token ("ttft_p50", "_p95",
// "_p99") and of the times between a call's tokens ("itl_…", and "itl_max"), in seconds. Of all: "answered",
// "rejected" (RESOURCE_EXHAUSTED) and "failed" ones, and "goodput", answers a second within `goals`. What
// never happened is absent.
void AddCallTimes(const std::vector<CallTimes>& calls, const LatencyGoals& goals, Record& record);

}  // namespace bitnet
