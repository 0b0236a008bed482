#include "service/metrics/sensor_metrics.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace bitnet {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// A family, of one worker after the other.
class Family {
 public:
  Family(const char* name, const char* help, MetricType type) : family_{name, help, type, {}} {}

  void Add(const WorkerPool::View& view, double value, std::vector<ClientMetric::Label> labels = {}) {
    ClientMetric metric;
    metric.label = {{.name = "model", .value = view.model}, {.name = "worker", .value = view.name}};
    std::ranges::move(labels, std::back_inserter(metric.label));
    (family_.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    family_.metric.push_back(std::move(metric));
  }

  void AppendTo(std::vector<MetricFamily>& families) {
    if (!family_.metric.empty()) {
      families.push_back(std::move(family_));
    }
  }

 private:
  MetricFamily family_;
};

struct Energy {
  Family joules{
      "bitnet_energy_joules_total",
      "Joules that a counter has counted while the worker runs. Only scope=\"process\" is the worker's own; "
      "of the others all workers of a machine show the same, not to be added.",
      MetricType::Counter};
  Family watts{"bitnet_power_watts", "Mean power over about the last second, of the same counter.",
               MetricType::Gauge};
  Family charged{"bitnet_request_energy_joules_total", "Joules that a worker has charged to answers.",
                 MetricType::Counter};
  Family idle{"bitnet_idle_energy_joules_total",
              "Joules while a worker had nothing to do, charged to no answer.", MetricType::Counter};

  void Add(const WorkerPool::View& view) {
    for (const worker::v1::EnergyTotal& total : view.status->energy()) {
      const std::vector<ClientMetric::Label> labels = {{.name = "source", .value = total.energy().source()},
                                                       {.name = "scope", .value = total.energy().scope()}};
      joules.Add(view, total.energy().joules(), labels);
      if (total.has_watts()) watts.Add(view, total.watts(), labels);
    }
    if (view.status->has_charged_joules()) charged.Add(view, view.status->charged_joules());
    if (view.status->has_idle_joules()) idle.Add(view, view.status->idle_joules());
  }
  void AppendTo(std::vector<MetricFamily>& families) {
    for (Family* family : {&joules, &watts, &charged, &idle}) family->AppendTo(families);
  }
};

struct Heat {
  Family temperatures{"bitnet_temperature_celsius", "Temperatures of the machine.", MetricType::Gauge};
  Family pressure{"bitnet_thermal_pressure",
                  "What the system does about the heat: 0 nominal, 1 fair, 2 serious (it slows the processor "
                  "down), 3 critical.",
                  MetricType::Gauge};
  Family weight{"bitnet_worker_heat_weight",
                "Share of its usual work that a worker is given, as its machine's heat allows.",
                MetricType::Gauge};
  Family throttled{"bitnet_cpu_throttle_events_total",
                   "How often a core was slowed down for its heat, since the machine started.",
                   MetricType::Counter};
  Family frequency{"bitnet_cpu_frequency_hertz", "Of a CPU, or of a cluster, now.", MetricType::Gauge};
  Family max_frequency{"bitnet_cpu_frequency_max_hertz", "The same at best.", MetricType::Gauge};

  void Add(const WorkerPool::View& view) {
    for (const worker::v1::Temperature& temperature : view.status->temperatures()) {
      temperatures.Add(view, temperature.celsius(), {{.name = "sensor", .value = temperature.sensor()}});
    }
    if (view.status->thermal_pressure() != worker::v1::THERMAL_PRESSURE_UNSPECIFIED) {
      pressure.Add(view, view.status->thermal_pressure() - worker::v1::THERMAL_PRESSURE_NOMINAL);
      weight.Add(view, view.weight);
    }
    if (view.status->has_throttle_events()) {
      throttled.Add(view, static_cast<double>(view.status->throttle_events()));
    }
    for (const worker::v1::CpuFrequency& cpu : view.status->frequencies()) {
      frequency.Add(view, cpu.hertz(), {{.name = "cpu", .value = cpu.cpu()}});
      if (cpu.has_max_hertz())
        max_frequency.Add(view, cpu.max_hertz(), {{.name = "cpu", .value = cpu.cpu()}});
    }
  }
  void AppendTo(std::vector<MetricFamily>& families) {
    for (Family* family : {&temperatures, &pressure, &weight, &throttled, &frequency, &max_frequency}) {
      family->AppendTo(families);
    }
  }
};

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
  std::vector<MetricFamily> families;
  energy.AppendTo(families);
  heat.AppendTo(families);
  return families;
}

}  // namespace bitnet
