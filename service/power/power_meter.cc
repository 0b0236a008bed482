#include "service/power/power_meter.h"

#include <algorithm>
#include <utility>

#include "base/sensors/energy_share.h"

namespace bitnet {
namespace {

bool IsOfProcess(const EnergyLabel& label) { return label.scope == "process" || IsShare(label); }

std::pair<bool, int> RankForCap(const EnergyLabel& label) {
  return {IsOfProcess(label), AttributionRank(label)};
}

}  // namespace

std::optional<MeasuredPower> MeasurePower(std::span<const WorkerPool::View> workers) {
  std::optional<MeasuredPower> best;
  for (const WorkerPool::View& worker : workers) {
    if (!worker.status.has_value()) {
      continue;
    }
    for (const worker::v1::EnergyTotal& total : worker.status->energy()) {
      const EnergyLabel label = {.source = total.energy().source(), .scope = total.energy().scope()};
      if (!total.has_watts()) {
        continue;
      }
      if (!best.has_value() || RankForCap(label) < RankForCap(best->label)) {
        best = {.label = label, .watts = total.watts()};
      } else if (label == best->label) {
        best->watts = IsOfProcess(label) ? best->watts + total.watts() : std::max(best->watts, total.watts());
      }
    }
  }
  return best;
}

}  // namespace bitnet
