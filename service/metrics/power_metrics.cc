#include "service/metrics/power_metrics.h"

#include <optional>
#include <utility>

namespace bitnet {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

std::vector<MetricFamily> PowerFamilies(const PowerCap& cap) {
  ClientMetric ceiling;
  ceiling.gauge.value = cap.ceiling_watts();
  MetricFamily measured{
      "bitnet_power_cap_measured_watts",
      "Mean power over about the last second, by the counter that is held against the ceiling.",
      MetricType::Gauge,
      {}};
  if (const std::optional<MeasuredPower> power = cap.measured()) {
    ClientMetric metric;
    metric.gauge.value = power->watts;
    metric.label = {{.name = "source", .value = power->label.source},
                    {.name = "scope", .value = power->label.scope}};
    measured.metric.push_back(std::move(metric));
  }
  return {{"bitnet_power_cap_watts",
           "The ceiling that --power-cap-watts sets.",
           MetricType::Gauge,
           {std::move(ceiling)}},
          std::move(measured)};
}

}  // namespace bitnet
