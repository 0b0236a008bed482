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

auto& Counters(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

auto& Histograms(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
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
    : requests_(Counters(registry_, "bitnet_requests_total",
                         "Requests that have ended, by model, method, status code and finish reason.")),
      durations_(Histograms(registry_, "bitnet_request_duration_seconds",
                            "From the arrival of a request to its end, by model and method.")),
      prompt_tokens_(
          Counters(registry_, "bitnet_prompt_tokens_total", "Prompt tokens of accepted requests.")),
      generated_tokens_(Counters(registry_, "bitnet_generated_tokens_total", "Tokens generated.")),
      first_token_(Histograms(registry_, "bitnet_time_to_first_token_seconds",
                              "From the arrival of a request to its first token.")),
      inter_token_(Histograms(registry_, "bitnet_inter_token_latency_seconds",
                              "Between two tokens of one answer, as the workers deliver them.")),
      failovers_(Counters(registry_, "bitnet_failovers_total",
                          "Answers that lost their worker and went on elsewhere, by what became of it.")),
      pauses_(Histograms(registry_, "bitnet_failover_pause_seconds",
                         "From the loss of an answer's worker to the answer's next token.")) {
  prometheus::BuildGauge()
      .Name("bitnet_build_info")
      .Help("Always 1; the label tells which version runs.")
      .Register(registry_)
      .Add({{"version", std::string(Version())}})
      .Set(1);
}

ModelMetrics& RequestMetrics::ForModel(const std::string& model) {
  const absl::MutexLock lock(&mutex_);
  std::unique_ptr<ModelMetrics>& entry = models_[model];
  if (entry == nullptr) {
    entry.reset(new ModelMetrics(*this, model));
  }
  return *entry;
}

ModelMetrics::ModelMetrics(RequestMetrics& all, const std::string& model)
    : all_(all),
      model_(model),
      prompt_tokens_(all.prompt_tokens_.Add({{"model", model}})),
      generated_tokens_(all.generated_tokens_.Add({{"model", model}})),
      first_token_(all.first_token_.Add({{"model", model}}, SecondsBuckets())),
      inter_token_(all.inter_token_.Add({{"model", model}}, SecondsBuckets())),
      pauses_(all.pauses_.Add({{"model", model}}, SecondsBuckets())) {
  for (const char* reason : {"lost", "stalled", "retired"}) {  // There from the start, so that rates work.
    all_.failovers_.Add({{"model", model_}, {"reason", reason}});
  }
}

void ModelMetrics::CountRequest(std::string_view method, absl::StatusCode code, std::string_view reason,
                                absl::Duration duration) {
  ++all_.ended_;
  all_.failed_ += IsServersFailure(code) ? 1 : 0;
  all_.requests_
      .Add({{"model", model_},
            {"method", std::string(method)},
            {"code", absl::StatusCodeToString(code)},
            {"reason", std::string(reason)}})
      .Increment();
  all_.durations_.Add({{"model", model_}, {"method", std::string(method)}}, SecondsBuckets())
      .Observe(absl::ToDoubleSeconds(duration));
}

void ModelMetrics::CountGeneratedToken(bool first, absl::Duration since) {
  generated_tokens_.Increment();
  (first ? first_token_ : inter_token_).Observe(absl::ToDoubleSeconds(since));
}

void ModelMetrics::CountFailover(std::string_view reason) {
  all_.failovers_.Add({{"model", model_}, {"reason", std::string(reason)}}).Increment();
}

}  // namespace bitnet
