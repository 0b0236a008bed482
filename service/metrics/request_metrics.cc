#include "service/metrics/request_metrics.h"

#include "absl/strings/ascii.h"
#include "base/version.h"
#include "prometheus/gauge.h"
#include "service/errors/error_details.h"

namespace bitnet {
namespace {

using Boundaries = prometheus::Histogram::BucketBoundaries;

// Bounds are those of OpenTelemetry's conventions for generative AI, so that figures of different servers can
// be laid side by side, and some more at the slow end: a long prompt on two slow cores takes a minute.

// As gen_ai.server.request.duration.
const Boundaries& DurationBuckets() {
  static const Boundaries buckets = {0.01, 0.02, 0.04,  0.08,  0.16,  0.32,  0.64,  1.28,
                                     2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 120.0, 300.0};
  return buckets;
}

// As gen_ai.server.time_to_first_token; of its parts, too.
const Boundaries& FirstTokenBuckets() {
  static const Boundaries buckets = {0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1,  0.25, 0.5,  0.75,
                                     1.0,   2.5,   5.0,  7.5,  10.0, 20.0, 40.0, 60.0, 80.0, 120.0};
  return buckets;
}

// As gen_ai.server.time_per_output_token, and finer: a tiny model's token takes half a millisecond. What a
// long prompt of another request takes can be between two tokens.
const Boundaries& InterTokenBuckets() {
  static const Boundaries buckets = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075,
                                     0.1,    0.15,  0.2,    0.3,   0.4,  0.5,   0.75, 1.0,
                                     2.5,    5.0,   10.0,   30.0,  60.0, 120.0};
  return buckets;
}

auto& Counters(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

auto& Histograms(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

// Why a request was turned away; "" if it was not, but ended by its client, or lost its worker.
std::string RejectionReason(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  const bool by_client = absl::IsCancelled(status) || (absl::IsDeadlineExceeded(status) && reason.empty());
  if (status.ok() || by_client || reason == "WORKER_LOST") {
    return "";
  }
  return absl::AsciiStrToLower(reason.empty() ? absl::StatusCodeToString(status.code()) : reason);
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
      cached_tokens_(Counters(registry_, "bitnet_cached_prompt_tokens_total",
                              "Prompt tokens of finished answers that were known from earlier requests.")),
      generated_tokens_(Counters(registry_, "bitnet_generated_tokens_total",
                                 "Tokens of answers that workers have brought, each once.")),
      delivered_tokens_(Counters(registry_, "bitnet_delivered_tokens_total",
                                 "Tokens that were sent to clients, again for each that comes back.")),
      first_token_(Histograms(registry_, "bitnet_time_to_first_token_seconds",
                              "From the arrival of a request to its first token.")),
      inter_token_(Histograms(registry_, "bitnet_inter_token_latency_seconds",
                              "Between two tokens of one answer, as the workers deliver them.")),
      queue_(Histograms(registry_, "bitnet_request_queue_seconds",
                        "From the arrival of a request until a worker begins to compute it.")),
      prefill_(Histograms(registry_, "bitnet_request_prefill_seconds",
                          "From then until the first token: the time in which the prompt is read.")),
      rejections_(Counters(registry_, "bitnet_rejections_total",
                           "Requests that were turned away with an error, by reason.")),
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
      cached_tokens_(all.cached_tokens_.Add({{"model", model}})),
      generated_tokens_(all.generated_tokens_.Add({{"model", model}})),
      delivered_tokens_(all.delivered_tokens_.Add({{"model", model}})),
      first_token_(all.first_token_.Add({{"model", model}}, FirstTokenBuckets())),
      inter_token_(all.inter_token_.Add({{"model", model}}, InterTokenBuckets())),
      queue_(all.queue_.Add({{"model", model}}, FirstTokenBuckets())),
      prefill_(all.prefill_.Add({{"model", model}}, FirstTokenBuckets())),
      pauses_(all.pauses_.Add({{"model", model}}, FirstTokenBuckets())) {
  // There from the start, so that rates work.
  for (const char* reason : {"lost", "stalled", "retired"}) {
    all_.failovers_.Add({{"model", model_}, {"reason", reason}});
  }
  for (const char* reason : {"queue_full", "client_queue_full", "deadline_out_of_reach"}) {
    all_.rejections_.Add({{"model", model_}, {"reason", reason}});
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
  all_.durations_.Add({{"model", model_}, {"method", std::string(method)}}, DurationBuckets())
      .Observe(absl::ToDoubleSeconds(duration));
}

void ModelMetrics::CountRejection(const absl::Status& status) {
  if (const std::string reason = RejectionReason(status); !reason.empty()) {
    all_.rejections_.Add({{"model", model_}, {"reason", reason}}).Increment();
  }
}

void ModelMetrics::CountEnd(std::string_view method, const absl::Status& status, absl::Duration duration) {
  CountRequest(method, status.code(), "", duration);
  CountRejection(status);
}

void ModelMetrics::CountFirstToken(absl::Duration queue, absl::Duration prefill) {
  generated_tokens_.Increment();
  queue_.Observe(absl::ToDoubleSeconds(queue));
  prefill_.Observe(absl::ToDoubleSeconds(prefill));
  first_token_.Observe(absl::ToDoubleSeconds(queue + prefill));
}

void ModelMetrics::CountNextToken(absl::Duration since_last) {
  generated_tokens_.Increment();
  inter_token_.Observe(absl::ToDoubleSeconds(since_last));
}

void ModelMetrics::CountFailover(std::string_view reason) {
  all_.failovers_.Add({{"model", model_}, {"reason", std::string(reason)}}).Increment();
}

}  // namespace bitnet
