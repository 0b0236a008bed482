// What the workers tell of the energy and the heat of their machine.
#pragma once

#include <vector>

#include "prometheus/metric_family.h"
#include "service/router/worker_pool.h"

namespace bitnet {

// As WorkerFamilies. What a worker does not know has no series: a machine without a counter has not used zero
// joules.
std::vector<prometheus::MetricFamily> SensorFamilies(const std::vector<WorkerPool::View>& views);

}  // namespace bitnet
