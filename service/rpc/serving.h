// What the rpc handlers work with.
#pragma once

#include "service/admission/admission.h"
#include "service/metrics/request_metrics.h"
#include "service/router/worker_pool.h"
#include "service/rpc/call_registry.h"

namespace bitnet {

// Borrowed by the service; all of it may be shared between threads.
struct Serving {
  WorkerPool& pool;
  Admission& admission;
  CallRegistry& calls;
  RequestMetrics& metrics;
};

}  // namespace bitnet
