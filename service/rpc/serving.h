// What the rpc handlers work with.
#pragma once

#include "absl/time/time.h"
#include "service/admission/admission.h"
#include "service/fleet/load_reporter.h"
#include "service/metrics/request_metrics.h"
#include "service/router/worker_pool.h"
#include "service/router/worker_waiters.h"
#include "service/rpc/call_registry.h"
#include "service/security/authenticator.h"

namespace bitnet {

// Borrowed by the service; all of it may be shared between threads.
struct Serving {
  WorkerPool& pool;
  Admission& admission;
  CallRegistry& calls;
  RequestMetrics& metrics;
  WorkerWaiters& waiters;
  // How long an answer that lost its worker waits for another one. Zero: it ends with UNAVAILABLE at once.
  absl::Duration failover_time;
  Authenticator& callers;
  const LoadReporter& load;
};

}  // namespace bitnet
