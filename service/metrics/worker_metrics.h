// The workers' own numbers, as they last told them.
#pragma once

#include <vector>

#include "prometheus/metric_family.h"
#include "service/router/worker_pool.h"

namespace bitnet {

// To be made at each scrape from what the pools know: a dead worker leaves `bitnet_worker_up 0` behind and no
// frozen numbers.
std::vector<prometheus::MetricFamily> WorkerFamilies(const std::vector<WorkerPool::View>& views);

}  // namespace bitnet
