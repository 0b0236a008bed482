// What is counted and timed about requests.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"

namespace bitnet {

class RequestMetrics;

// Of the requests to one model. Times are measured in this process, from the arrival of the request. Safe to
// share between threads.
class ModelMetrics {
 public:
  // Once for each request, when it has ended. `reason` is why an answer finished ("end_token", "stop_string",
  // "length", "time_limit", "dead_end"), or empty where there was none.
  void CountRequest(std::string_view method, absl::StatusCode code, std::string_view reason,
                    absl::Duration duration);
  // A request ended with `status` and without an answer. No effect if it is OK, if the client ended the
  // request, or if a worker was lost that had it.
  void CountRejection(const absl::Status& status);
  // Both, of a request that is no answer or has none.
  void CountEnd(std::string_view method, const absl::Status& status, absl::Duration duration);
  // Once for each answer: when it has begun, and when it has finished.
  void CountPromptTokens(uint32_t tokens) { prompt_tokens_.Increment(tokens); }
  void CountCachedTokens(uint32_t tokens) { cached_tokens_.Increment(tokens); }
  // An answer's first token has come: `queue` from the request's arrival until a worker began to compute it,
  // and `prefill` later.
  void CountFirstToken(absl::Duration queue, absl::Duration prefill);
  // Any other token of it.
  void CountNextToken(absl::Duration since_last);
  // gRPC has taken so many tokens to send them to a client.
  void CountDeliveredTokens(int tokens) { delivered_tokens_.Increment(tokens); }

  // An answer lost its worker and goes on elsewhere. `reason` is "lost" (died, or broke the connection),
  // "stalled" (did not answer, and was killed for it) or "retired" (restarted on purpose).
  void CountFailover(std::string_view reason);
  // From a loss to the next token.
  void CountPause(absl::Duration pause) { pauses_.Observe(absl::ToDoubleSeconds(pause)); }

 private:
  friend class RequestMetrics;
  ModelMetrics(RequestMetrics& all, const std::string& model);

  RequestMetrics& all_;
  const std::string model_;
  prometheus::Counter& prompt_tokens_;
  prometheus::Counter& cached_tokens_;
  prometheus::Counter& generated_tokens_;
  prometheus::Counter& delivered_tokens_;
  prometheus::Histogram& first_token_;
  prometheus::Histogram& inter_token_;
  prometheus::Histogram& queue_;
  prometheus::Histogram& prefill_;
  prometheus::Histogram& pauses_;
};

// Those of all models. Safe to share between threads.
class RequestMetrics {
 public:
  RequestMetrics();

  // The same object for the same name, as long as this lives. "": of requests that name no model of ours.
  ModelMetrics& ForModel(const std::string& model);
  // A request was turned away before it was known which model it is for.
  void CountRefusal(std::string_view method, const absl::Status& status) {
    ForModel("").CountEnd(method, status, absl::ZeroDuration());
  }

  // Since the start.
  struct Totals {
    uint64_t requests = 0;
    uint64_t errors = 0;  // Requests that another server might have answered.
  };
  Totals totals() const { return {.requests = ended_, .errors = failed_}; }

  std::vector<prometheus::MetricFamily> Collect() const { return registry_.Collect(); }

 private:
  friend class ModelMetrics;

  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& durations_;
  prometheus::Family<prometheus::Counter>& prompt_tokens_;
  prometheus::Family<prometheus::Counter>& cached_tokens_;
  prometheus::Family<prometheus::Counter>& generated_tokens_;
  prometheus::Family<prometheus::Counter>& delivered_tokens_;
  prometheus::Family<prometheus::Histogram>& first_token_;
  prometheus::Family<prometheus::Histogram>& inter_token_;
  prometheus::Family<prometheus::Histogram>& queue_;
  prometheus::Family<prometheus::Histogram>& prefill_;
  prometheus::Family<prometheus::Counter>& rejections_;
  prometheus::Family<prometheus::Counter>& failovers_;
  prometheus::Family<prometheus::Histogram>& pauses_;
  std::atomic<uint64_t> ended_ = 0;
  std::atomic<uint64_t> failed_ = 0;
  absl::Mutex mutex_;
  std::map<std::string, std::unique_ptr<ModelMetrics>> models_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace bitnet
