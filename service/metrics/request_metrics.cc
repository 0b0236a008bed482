#include "service/metrics/request_metrics.h"

#include "base/version.h"
#include "prometheus/gauge.h"

namespace bitnet {
namespace {

using Boundaries = prometheus::Histogram::BucketBoundaries;

// A tiny model's token takes half a millisecond; a long prompt on two cores tens of seconds.
const Boundaries& SecondsBuckets() {
  static const Boundaries buckets = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                     0.5,    1,     2.5,    5,     10,   20,    40,   80,  120};
  return buckets;
}

prometheus::Counter& OneCounter(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Histogram& OneHistogram(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, SecondsBuckets());
}

// Whether it was the server's failure; a request that is wrong is wrong everywhere.
bool IsServersFailure(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
      return true;
    default:
      return false;
  }
}

}  // namespace

RequestMetrics::RequestMetrics()
    : requests_(prometheus::BuildCounter()
                    .Name("bitnet_requests_total")
                    .Help("Requests that have ended, by method, status code and finish reason.")
                    .Register(registry_)),
      durations_(prometheus::BuildHistogram()
                     .Name("bitnet_request_duration_seconds")
                     .Help("From the arrival of a request to its end, by method.")
                     .Register(registry_)),
      prompt_tokens_(
          OneCounter(registry_, "bitnet_prompt_tokens_total", "Prompt tokens of accepted requests.")),
      generated_tokens_(OneCounter(registry_, "bitnet_generated_tokens_total", "Tokens generated.")),
      first_token_(OneHistogram(registry_, "bitnet_time_to_first_token_seconds",
                                "From the arrival of a request to its first token.")),
      inter_token_(OneHistogram(registry_, "bitnet_inter_token_latency_seconds",
                                "Between two tokens of one answer, as the workers deliver them.")),
      failovers_(prometheus::BuildCounter()
                     .Name("bitnet_failovers_total")
                     .Help("Answers that lost their worker and went on elsewhere, by what became of it.")
                     .Register(registry_)),
      pauses_(OneHistogram(registry_, "bitnet_failover_pause_seconds",
                           "From the loss of an answer's worker to the answer's next token.")) {
  for (const char* reason : {"lost", "stalled", "retired"}) {  // There from the start, so that rates work.
    failovers_.Add({{"reason", reason}});
  }
  prometheus::BuildGauge()
      .Name("bitnet_build_info")
      .Help("Always 1; the label tells which version runs.")
      .Register(registry_)
      .Add({{"version", std::string(Version())}})
      .Set(1);
}

void RequestMetrics::CountRequest(std::string_view method, absl::StatusCode code, std::string_view reason,
                                  absl::Duration duration) {
  ++ended_;
  failed_ += IsServersFailure(code) ? 1 : 0;
  requests_
      .Add({{"method", std::string(method)},
            {"code", absl::StatusCodeToString(code)},
            {"reason", std::string(reason)}})
      .Increment();
  durations_.Add({{"method", std::string(method)}}, SecondsBuckets())
      .Observe(absl::ToDoubleSeconds(duration));
}

void RequestMetrics::CountGeneratedToken(bool first, absl::Duration since) {
  generated_tokens_.Increment();
  (first ? first_token_ : inter_token_).Observe(absl::ToDoubleSeconds(since));
}

void RequestMetrics::CountFailover(std::string_view reason) {
  failovers_.Add({{"reason", std::string(reason)}}).Increment();
}

}  // namespace bitnet
