// The text that Prometheus scrapes.
#pragma once

#include <string>
#include <vector>

#include "prometheus/metric_family.h"

namespace bitnet {

// Content type of MetricsText.
constexpr const char* kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

// Text exposition format 0.0.4 of `families`, whose names differ. Those without series are left out.
std::string MetricsText(std::vector<prometheus::MetricFamily> families);

}  // namespace bitnet
