// What the rpc handlers work with.
#pragma once

#include "absl/time/time.h"
#include "service/admission/admission.h"
#include "service/metrics/request_metrics.h"
#include "service/router/worker_pool.h"
#include "service/router/worker_waiters.h"
#include "service/rpc/call_registry.h"
#include "service/rpc/call_times.h"
#include "service/security/authenticator.h"
#include "service/timer_queue.h"

namespace bitnet {

// Borrowed by the service; all of it may be shared between threads.
struct Serving {
  WorkerPool& pool;
  Admission& admission;
  CallRegistry& calls;
  RequestMetrics& metrics;
  WorkerWaiters& waiters;
  TimerQueue& timers;
  // How long an answer that lost its worker waits for another one. Zero: it ends with UNAVAILABLE at once.
  absl::Duration failover_time;
  Authenticator& callers;
  CallTimeLimits call_times;
};

}  // namespace bitnet
