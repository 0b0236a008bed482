// An operator's ceiling of power, and where the machine stands.
#pragma once

#include <vector>

#include "prometheus/metric_family.h"
#include "service/power/power_cap.h"

namespace bitnet {

// The ceiling always; the measured power has no series while nothing is measured.
std::vector<prometheus::MetricFamily> PowerFamilies(const PowerCap& cap);

}  // namespace bitnet
