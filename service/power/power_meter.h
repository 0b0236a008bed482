// What the machine takes now, by what its workers tell.
#pragma once

#include <optional>
#include <span>

#include "base/sensors/energy_source.h"
#include "service/router/worker_pool.h"

namespace bitnet {

struct MeasuredPower {
  EnergyLabel label;  // Of the counter.
  double watts = 0;   // Over about the last second.
};

// By the counter that says most about the chip: the first by AttributionRank, but one of a process only where
// there is none of the chip. All workers show the chip's, so it counts once, as the highest that one of them
// has told; those of processes are added. Nothing if no worker has told a power.
std::optional<MeasuredPower> MeasurePower(std::span<const WorkerPool::View> workers);

}  // namespace bitnet
