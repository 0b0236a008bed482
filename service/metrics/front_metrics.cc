#include "service/metrics/front_metrics.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace bitnet {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily Gauge(const char* name, const char* help, double value) {
  ClientMetric metric;
  metric.gauge.value = value;
  return {name, help, MetricType::Gauge, {std::move(metric)}};
}

}  // namespace

std::vector<MetricFamily> FrontFamilies(const FrontLoad& load) {
  return {Gauge("bitnet_queue_requests", "Requests that have no first token yet.", load.waiting),
          Gauge("bitnet_queue_requests_limit", "So many may wait; more are refused.", load.limits.requests),
          Gauge("bitnet_queue_tokens", "Tokens of prompt and answer that those requests ask for.",
                static_cast<double>(load.waiting_tokens)),
          Gauge("bitnet_queue_tokens_limit", "So many may be asked for by those that wait.",
                static_cast<double>(load.limits.tokens)),
          Gauge("bitnet_answers_in_progress", "Answers that are generated, or read, for now.",
                static_cast<double>(load.answers))};
}

std::vector<MetricFamily> ModelFamilies(const std::vector<v1::Model>& models) {
  MetricFamily info{"bitnet_model_info", "Always 1; the labels tell about a model.", MetricType::Gauge, {}};
  for (const v1::Model& model : models) {
    ClientMetric metric;
    metric.gauge.value = 1;
    metric.label = {{.name = "model", .value = model.name()},
                    {.name = "architecture", .value = model.architecture()},
                    {.name = "parameters", .value = absl::StrCat(model.parameters())},
                    {.name = "context_length", .value = absl::StrCat(model.context_length())},
                    {.name = "file_bytes", .value = absl::StrCat(model.file_bytes())},
                    {.name = "fingerprint", .value = model.fingerprint()}};
    info.metric.push_back(std::move(metric));
  }
  return {std::move(info)};
}

}  // namespace bitnet
