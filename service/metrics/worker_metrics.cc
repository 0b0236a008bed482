#include "service/metrics/worker_metrics.h"

#include <cstdint>
#include <limits>
#include <utility>

namespace bitnet {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using worker::v1::WorkerStatus;

struct Number {
  const char* name;
  const char* help;
  MetricType type;
  double (*value)(const WorkerStatus& status);
};

constexpr Number kNumbers[] = {
    {"bitnet_requests_running", "Requests that a worker generates for now.", MetricType::Gauge,
     [](const WorkerStatus& s) { return static_cast<double>(s.running()); }},
    {"bitnet_requests_waiting", "Requests that wait in a worker for a slot.", MetricType::Gauge,
     [](const WorkerStatus& s) { return static_cast<double>(s.waiting()); }},
    {"bitnet_worker_threads", "Compute threads of a worker.", MetricType::Gauge,
     [](const WorkerStatus& s) { return static_cast<double>(s.threads()); }},
    {"bitnet_kv_blocks", "Blocks of a worker's KV cache.", MetricType::Gauge,
     [](const WorkerStatus& s) { return static_cast<double>(s.kv_blocks()); }},
    {"bitnet_kv_blocks_used", "Blocks of a worker's KV cache that are not free.", MetricType::Gauge,
     [](const WorkerStatus& s) { return static_cast<double>(s.kv_blocks()) - s.kv_blocks_free(); }},
    {"bitnet_worker_prefill_tokens_total", "Prompt tokens a worker has put through the model.",
     MetricType::Counter, [](const WorkerStatus& s) { return static_cast<double>(s.prefill_tokens()); }},
    {"bitnet_worker_decode_tokens_total", "Tokens a worker has generated.", MetricType::Counter,
     [](const WorkerStatus& s) { return static_cast<double>(s.decode_tokens()); }},
    {"bitnet_worker_drafted_tokens_total", "Tokens a worker has guessed ahead of the model.",
     MetricType::Counter, [](const WorkerStatus& s) { return static_cast<double>(s.drafted_tokens()); }},
    {"bitnet_worker_accepted_tokens_total", "Guessed tokens that were right, each of which saved a step.",
     MetricType::Counter, [](const WorkerStatus& s) { return static_cast<double>(s.accepted_tokens()); }},
    {"bitnet_worker_prefix_query_tokens_total", "Prompt tokens a worker has looked for in its prefix cache.",
     MetricType::Counter, [](const WorkerStatus& s) { return static_cast<double>(s.prefix_query_tokens()); }},
    {"bitnet_worker_prefix_hit_tokens_total", "Prompt tokens found in the prefix cache, and not computed.",
     MetricType::Counter, [](const WorkerStatus& s) { return static_cast<double>(s.prefix_hit_tokens()); }},
    {"bitnet_worker_preemptions_total", "Answers set back because their KV blocks were needed elsewhere.",
     MetricType::Counter, [](const WorkerStatus& s) { return static_cast<double>(s.preemptions()); }},
};

ClientMetric Labelled(const WorkerPool::View& view) {
  ClientMetric metric;
  metric.label = {{.name = "model", .value = view.model}, {.name = "worker", .value = view.name}};
  return metric;
}

ClientMetric Value(const WorkerPool::View& view, MetricType type, double value) {
  ClientMetric metric = Labelled(view);
  (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  return metric;
}

// The worker's buckets are not cumulative, Prometheus' are, and end with +Inf.
ClientMetric StepSeconds(const WorkerPool::View& view) {
  ClientMetric metric = Labelled(view);
  uint64_t count = 0;
  for (int i = 0; i < view.status->step_seconds_buckets_size(); ++i) {
    count += view.status->step_seconds_buckets(i);
    const double bound = i < view.status->step_seconds_bounds_size()
                             ? view.status->step_seconds_bounds(i)
                             : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({.cumulative_count = count, .upper_bound = bound});
  }
  metric.histogram.sample_count = count;
  metric.histogram.sample_sum = view.status->step_seconds_sum();
  return metric;
}

}  // namespace

std::vector<MetricFamily> WorkerFamilies(const std::vector<WorkerPool::View>& views) {
  MetricFamily up{"bitnet_worker_up", "1 while a worker is ready for requests.", MetricType::Gauge, {}};
  MetricFamily restarts{
      "bitnet_worker_restarts_total", "How often a worker was started again.", MetricType::Counter, {}};
  MetricFamily steps{"bitnet_step_seconds", "Time of one batch step of a worker.", MetricType::Histogram, {}};
  MetricFamily info{"bitnet_worker_info", "Always 1; the labels tell about a worker.", MetricType::Gauge, {}};
  std::vector<MetricFamily> numbers;
  for (const Number& number : kNumbers) {
    numbers.push_back({number.name, number.help, number.type, {}});
  }
  for (const WorkerPool::View& view : views) {
    up.metric.push_back(Value(view, up.type, view.up ? 1 : 0));
    restarts.metric.push_back(Value(view, restarts.type, view.restarts));
    if (!view.status.has_value()) {
      continue;
    }
    for (size_t i = 0; i < numbers.size(); ++i) {
      numbers[i].metric.push_back(Value(view, kNumbers[i].type, kNumbers[i].value(*view.status)));
    }
    steps.metric.push_back(StepSeconds(view));
    info.metric.push_back(Value(view, info.type, 1));
    info.metric.back().label.push_back({.name = "isa", .value = view.status->isa()});
  }
  std::vector<MetricFamily> families = {std::move(up), std::move(restarts)};
  if (!steps.metric.empty()) {  // A family without series would be a name that promises what is not there.
    families.insert(families.end(), numbers.begin(), numbers.end());
    families.push_back(std::move(steps));
    families.push_back(std::move(info));
  }
  return families;
}

}  // namespace bitnet
