// When the answers of concurrent calls came, and what that sums up to.
#pragma once

#include <chrono>
#include <vector>

#include "bench/report/record.h"

namespace bitnet {

struct CallTimes {
  using Clock = std::chrono::steady_clock;
  Clock::time_point begin;
  std::vector<Clock::time_point> tokens;  // When each token came; several may come at once.
};

// Adds "tokens_per_second" of all calls together, from the first beginning to the last token, and
// percentiles: of the time from a call's beginning to its first token ("ttft_p50", "_p95", "_p99") and of the
// times between a call's tokens ("itl_…"), in seconds. What never happened is absent.
void AddCallTimes(const std::vector<CallTimes>& calls, Record& record);

}  // namespace bitnet
