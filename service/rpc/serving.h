// What the rpc handlers work with.
#pragma once

#include "absl/time/time.h"
#include "service/admission/admission.h"
#include "service/fleet/load_reporter.h"
#include "service/metrics/request_metrics.h"
#include "service/models/model_set.h"
#include "service/rpc/call_registry.h"
#include "service/rpc/call_times.h"
#include "service/rpc/resume_store.h"
#include "service/security/authenticator.h"
#include "service/timer_queue.h"

namespace bitnet {

// Borrowed by the service; all of it may be shared between threads.
struct Serving {
  const ModelSet& models;
  Admission& admission;
  CallRegistry& calls;
  RequestMetrics& metrics;
  TimerQueue& timers;
  // How long an answer that lost its worker waits for another one. Zero: it ends with UNAVAILABLE at once.
  absl::Duration failover_time;
  Authenticator& callers;
  CallTimeLimits call_times;
  const LoadReporter& load;
  ResumeStore& resumable;
  // How long an answer that can be resumed is kept for nobody.
  absl::Duration resume_window;
};

}  // namespace bitnet
