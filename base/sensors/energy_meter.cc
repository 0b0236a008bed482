#include "base/sensors/energy_meter.h"

#include <algorithm>
#include <utility>

namespace bitnet {
namespace {

constexpr absl::Duration kShortestInterval = absl::Seconds(1);

}  // namespace

EnergyMeter::EnergyMeter(EnergySources sources) {
  for (std::unique_ptr<EnergySource>& source : sources) {
    Meter meter{.source = std::move(source), .total = {}};
    meter.total.label = meter.source->label();
    meters_.push_back(std::move(meter));
    Read(meters_.back());
  }
  ChooseBest();
}

bool EnergyMeter::Read(Meter& meter) {
  if (const std::optional<double> joules = meter.source->ReadJoules()) {
    meter.first = meter.first.value_or(*joules);
    meter.total.joules = std::max(meter.total.joules, *joules - *meter.first);
  }
  return meter.first.has_value();
}

void EnergyMeter::ChooseBest() {
  for (size_t i = 0; i < meters_.size() && !best_.has_value(); ++i) {
    if (meters_[i].first.has_value()) best_ = i;
  }
}

std::vector<EnergyMeter::Total> EnergyMeter::Sample(absl::Duration now) {
  std::vector<Total> totals;
  for (Meter& meter : meters_) {
    if (!Read(meter)) continue;
    if (!meter.interval_begin.has_value() || now - *meter.interval_begin >= kShortestInterval) {
      if (meter.interval_begin.has_value()) {
        meter.total.watts =
            (meter.total.joules - meter.joules_then) / absl::ToDoubleSeconds(now - *meter.interval_begin);
      }
      meter.interval_begin = now;
      meter.joules_then = meter.total.joules;
    }
    totals.push_back(meter.total);
  }
  ChooseBest();
  return totals;
}

std::optional<double> EnergyMeter::ReadBest() {
  if (!best_.has_value()) {
    return std::nullopt;
  }
  Read(meters_[*best_]);
  return meters_[*best_].total.joules;
}

}  // namespace bitnet
