// One series of a family of metrics that has one, or several, for each worker.
#pragma once

#include <utility>

#include "prometheus/client_metric.h"
#include "prometheus/metric_type.h"
#include "service/router/worker_pool.h"

namespace bitnet {

// Without a value yet.
inline prometheus::ClientMetric Labelled(const WorkerPool::View& view) {
  prometheus::ClientMetric metric;
  metric.label = {{.name = "model", .value = view.model}, {.name = "worker", .value = view.name}};
  return metric;
}

// A counter or a gauge.
inline prometheus::ClientMetric Value(const WorkerPool::View& view, prometheus::MetricType type,
                                      double value) {
  prometheus::ClientMetric metric = Labelled(view);
  (type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  return metric;
}

}  // namespace bitnet
