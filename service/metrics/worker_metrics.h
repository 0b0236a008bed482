// The workers' own numbers, as they last told them.
#pragma once

#include <vector>

#include "prometheus/collectable.h"
#include "prometheus/metric_family.h"
#include "service/router/worker_pool.h"

namespace bitnet {

// Made at each scrape from what the pool knows: a dead worker leaves `bitnet_worker_up 0` behind and no
// frozen numbers.
class WorkerMetrics : public prometheus::Collectable {
 public:
  explicit WorkerMetrics(const WorkerPool* pool) : pool_(pool) {}  // Borrowed; outlives this.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const WorkerPool* const pool_;
};

// The families of `views`; apart from the pool for tests.
std::vector<prometheus::MetricFamily> WorkerFamilies(const std::vector<WorkerPool::View>& views);

}  // namespace bitnet
