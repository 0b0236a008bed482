// What front_probe asks of a front. Results are JSON objects; times in seconds.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/report/record.h"

namespace bitnet {

struct DelayProbe {
  std::string address;
  bool worker = false;  // There is no front at the address but the worker itself: the baseline.
  int streams = 64;
  int tokens = 1000;  // Of each stream.
};

// How long stamped tokens are on their way ("delay_p50", "_p99", "_max"), and the time between a stream's
// tokens where they arrive ("itl_p50", "_p99"). A tenth of each stream warms up and does not count. Fails if
// a call does, or if tokens are missing or not stamped.
absl::StatusOr<Record> ProbeDelay(const DelayProbe& probe);

struct CancelProbe {
  std::string address;
  int calls = 10000;
  int concurrent = 64;
  absl::Duration within;  // Each call is cancelled at a random time from its beginning to this.
  int max_tokens = 50;
  uint64_t seed = 1;
};

// Makes calls and cancels them. What became of them: "cancelled_before_token", "cancelled_in_answer",
// "answered", "refused" (RESOURCE_EXHAUSTED), "failed".
Record ProbeCancel(const CancelProbe& probe);

struct HoldProbe {
  std::string address;
  int streams = 10000;
  int connections = 100;
};

// Opens endless streams and, when each has its first token or has ended, prints how many are "open" and
// "refused". Keeps them until the end of its standard input, and cancels them then.
void ProbeHold(const HoldProbe& probe);

}  // namespace bitnet
