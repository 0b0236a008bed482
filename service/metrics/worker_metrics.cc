#include "service/metrics/worker_metrics.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "service/metrics/worker_series.h"

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
    {"bitnet_worker_sequences_limit", "Requests that a worker may begin to generate for at once, for now.",
     MetricType::Gauge, [](const WorkerStatus& s) { return static_cast<double>(s.sequence_limit()); }},
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
    {"bitnet_worker_gpu_steps_total", "Steps a worker has run on the GPU.", MetricType::Counter,
     [](const WorkerStatus& s) { return static_cast<double>(s.gpu_steps()); }},
    {"bitnet_worker_gpu_failures_total",
     "Failures of the GPU's self-test, and of steps that the CPU ran instead.", MetricType::Counter,
     [](const WorkerStatus& s) { return static_cast<double>(s.gpu_failures()); }},
};

// The worker's buckets are not cumulative, Prometheus' are, and end with +Inf.
ClientMetric Histogram(const WorkerPool::View& view, const google::protobuf::RepeatedField<double>& bounds,
                       const google::protobuf::RepeatedField<uint64_t>& buckets, double sum) {
  ClientMetric metric = Labelled(view);
  uint64_t count = 0;
  for (int i = 0; i < buckets.size(); ++i) {
    count += buckets[i];
    const double bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({.cumulative_count = count, .upper_bound = bound});
  }
  metric.histogram.sample_count = count;
  metric.histogram.sample_sum = sum;
  return metric;
}

ClientMetric StepSeconds(const WorkerPool::View& view) {
  const WorkerStatus& status = *view.status;
  return Histogram(view, status.step_seconds_bounds(), status.step_seconds_buckets(),
                   status.step_seconds_sum());
}

ClientMetric BatchSize(const WorkerPool::View& view) {
  const WorkerStatus& status = *view.status;
  return Histogram(view, status.batch_size_bounds(), status.batch_size_buckets(), status.batch_size_sum());
}

ClientMetric StepAge(const WorkerPool::View& view) {
  return Value(view, MetricType::Gauge, absl::ToDoubleSeconds(view.step_age));
}

ClientMetric PowerWeight(const WorkerPool::View& view) {
  return Value(view, MetricType::Gauge, view.allowance.weight);
}

ClientMetric Info(const WorkerPool::View& view) {
  ClientMetric metric = Value(view, MetricType::Gauge, 1);
  metric.label.push_back({.name = "isa", .value = view.status->isa()});
  return metric;
}

MetricFamily Up(const std::vector<WorkerPool::View>& views) {
  MetricFamily family{"bitnet_worker_up", "1 while a worker is ready for requests.", MetricType::Gauge, {}};
  for (const WorkerPool::View& view : views) {
    family.metric.push_back(Value(view, family.type, view.up ? 1 : 0));
  }
  return family;
}

MetricFamily Restarts(const std::vector<WorkerPool::View>& views) {
  MetricFamily family{"bitnet_worker_restarts_total",
                      "How often a worker was started again, by what ended it.",
                      MetricType::Counter,
                      {}};
  for (const WorkerPool::View& view : views) {
    for (const RestartReason reason : kRestartReasons) {
      ClientMetric metric = Value(view, family.type, view.restarts_by_reason[static_cast<size_t>(reason)]);
      metric.label.push_back({.name = "reason", .value = std::string(Name(reason))});
      family.metric.push_back(std::move(metric));
    }
  }
  return family;
}

ClientMetric CpuSeconds(const WorkerPool::View& view, CoreKind kind, double seconds) {
  ClientMetric metric = Value(view, MetricType::Counter, seconds);
  metric.label.push_back({.name = "core_kind", .value = CoreKindName(kind)});
  return metric;
}

// As the system tells; where it does not, a worker is taken to stay on the cluster that it was planned for.
void AddCpuSeconds(const WorkerPool::View& view, MetricFamily& family) {
  const WorkerStatus& status = *view.status;
  if (status.has_performance_cpu_seconds()) {
    const double performance = status.performance_cpu_seconds();
    family.metric.push_back(CpuSeconds(view, CoreKind::kPerformance, performance));
    family.metric.push_back(
        CpuSeconds(view, CoreKind::kEfficiency, std::max(0.0, status.cpu_seconds() - performance)));
    return;
  }
  family.metric.push_back(CpuSeconds(view, view.kind, status.cpu_seconds()));
}

MetricFamily CpuTime(const std::vector<WorkerPool::View>& views) {
  MetricFamily family{"bitnet_worker_cpu_seconds_total",
                      "Processor time of a worker, by the kind of cores.",
                      MetricType::Counter,
                      {}};
  for (const WorkerPool::View& view : views) {
    if (view.status.has_value()) {
      AddCpuSeconds(view, family);
    }
  }
  return family;
}

}  // namespace

std::vector<MetricFamily> WorkerFamilies(const std::vector<WorkerPool::View>& views) {
  std::vector<MetricFamily> families = {Up(views), Restarts(views), CpuTime(views)};
  // Of the workers that have told their status.
  const auto add = [&](const char* name, const char* help, MetricType type, const auto& make) {
    MetricFamily family{name, help, type, {}};
    for (const WorkerPool::View& view : views) {
      if (view.status.has_value()) {
        family.metric.push_back(make(view));
      }
    }
    families.push_back(std::move(family));
  };
  for (const Number& number : kNumbers) {
    add(number.name, number.help, number.type, [&number](const WorkerPool::View& view) {
      return Value(view, number.type, number.value(*view.status));
    });
  }
  add("bitnet_step_seconds", "Time of one batch step of a worker.", MetricType::Histogram, StepSeconds);
  add("bitnet_batch_size", "Sequences that ran when a batch step of a worker began.", MetricType::Histogram,
      BatchSize);
  add("bitnet_worker_last_step_age_seconds",
      "Since a worker was last seen to have ended a step, or to have nothing to do.", MetricType::Gauge,
      StepAge);
  add("bitnet_worker_power_weight",
      "Share of its usual work that a worker is given, as the ceiling of power allows.", MetricType::Gauge,
      PowerWeight);
  add("bitnet_worker_info", "Always 1; the labels tell about a worker.", MetricType::Gauge, Info);
  return families;
}

}  // namespace bitnet
