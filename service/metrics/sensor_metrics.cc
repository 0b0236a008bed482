#include "service/metrics/sensor_metrics.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "service/metrics/worker_series.h"

namespace bitnet {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

void AddValue(MetricFamily& family, const WorkerPool::View& view, double value,
              const std::vector<ClientMetric::Label>& labels = {}) {
  family.metric.push_back(Value(view, family.type, value));
  std::ranges::copy(labels, std::back_inserter(family.metric.back().label));
}

struct Energy {
  MetricFamily joules{
      "bitnet_energy_joules_total",
      "Joules that a counter has counted while the worker runs. Only scope=\"process\" and those that end in "
      "\"share\" are the worker's own; of the others all workers of a machine show the same, not to be "
      "added.",
      MetricType::Counter,
      {}};
  MetricFamily watts{"bitnet_power_watts",
                     "Mean power over about the last second, of the same counter.",
                     MetricType::Gauge,
                     {}};
  MetricFamily charged{"bitnet_request_energy_joules_total",
                       "Joules that a worker has charged to answers.",
                       MetricType::Counter,
                       {}};
  MetricFamily idle{"bitnet_idle_energy_joules_total",
                    "Joules while a worker had nothing to do, charged to no answer.",
                    MetricType::Counter,
                    {}};

  void Add(const WorkerPool::View& view) {
    for (const worker::v1::EnergyTotal& total : view.status->energy()) {
      const std::vector<ClientMetric::Label> labels = {{.name = "source", .value = total.energy().source()},
                                                       {.name = "scope", .value = total.energy().scope()}};
      AddValue(joules, view, total.energy().joules(), labels);
      if (total.has_watts()) AddValue(watts, view, total.watts(), labels);
    }
    if (view.status->has_charged_joules()) AddValue(charged, view, view.status->charged_joules());
    if (view.status->has_idle_joules()) AddValue(idle, view, view.status->idle_joules());
  }
};

struct Heat {
  MetricFamily temperatures{
      "bitnet_temperature_celsius", "Temperatures of the machine.", MetricType::Gauge, {}};
  MetricFamily pressure{
      "bitnet_thermal_pressure",
      "What the system does about the heat: 0 nominal, 1 fair, 2 serious (it slows the processor "
      "down), 3 critical.",
      MetricType::Gauge,
      {}};
  MetricFamily weight{"bitnet_worker_heat_weight",
                      "Share of its usual work that a worker is given, as its machine's heat allows.",
                      MetricType::Gauge,
                      {}};
  MetricFamily throttled{"bitnet_cpu_throttle_events_total",
                         "How often a core was slowed down for its heat, since the machine started.",
                         MetricType::Counter,
                         {}};
  MetricFamily frequency{
      "bitnet_cpu_frequency_hertz", "Of a CPU, or of a cluster, now.", MetricType::Gauge, {}};
  MetricFamily max_frequency{"bitnet_cpu_frequency_max_hertz", "The same at best.", MetricType::Gauge, {}};

  void Add(const WorkerPool::View& view) {
    for (const worker::v1::Temperature& temperature : view.status->temperatures()) {
      AddValue(temperatures, view, temperature.celsius(),
               {{.name = "sensor", .value = temperature.sensor()}});
    }
    if (view.status->thermal_pressure() != worker::v1::THERMAL_PRESSURE_UNSPECIFIED) {
      AddValue(pressure, view, view.status->thermal_pressure() - worker::v1::THERMAL_PRESSURE_NOMINAL);
      AddValue(weight, view, view.weight);
    }
    if (view.status->has_throttle_events()) {
      AddValue(throttled, view, static_cast<double>(view.status->throttle_events()));
    }
    for (const worker::v1::CpuFrequency& cpu : view.status->frequencies()) {
      AddValue(frequency, view, cpu.hertz(), {{.name = "cpu", .value = cpu.cpu()}});
      if (cpu.has_max_hertz()) {
        AddValue(max_frequency, view, cpu.max_hertz(), {{.name = "cpu", .value = cpu.cpu()}});
      }
    }
  }
};

MetricFamily MemoryPressures(const std::vector<WorkerPool::View>& views) {
  MetricFamily pressure{
      "bitnet_memory_pressure",
      "Whether the machine runs out of memory: 0 no, 1 programs wait for memory, 2 critical.",
      MetricType::Gauge,
      {}};
  for (const WorkerPool::View& view : views) {
    if (view.status.has_value() &&
        view.status->memory_pressure() != worker::v1::MEMORY_PRESSURE_UNSPECIFIED) {
      AddValue(pressure, view, view.status->memory_pressure() - worker::v1::MEMORY_PRESSURE_NORMAL);
    }
  }
  return pressure;
}

}  // namespace

std::vector<MetricFamily> SensorFamilies(const std::vector<WorkerPool::View>& views) {
  Energy energy;
  Heat heat;
  for (const WorkerPool::View& view : views) {
    if (view.status.has_value()) {
      energy.Add(view);
      heat.Add(view);
    }
  }
  return {energy.joules,     energy.watts,       energy.charged,        energy.idle,
          heat.temperatures, heat.pressure,      heat.weight,           heat.throttled,
          heat.frequency,    heat.max_frequency, MemoryPressures(views)};
}

}  // namespace bitnet
