// The part of a chip's joules that this process is to answer for.
#pragma once

#include <functional>
#include <memory>

#include "absl/time/time.h"
#include "base/sensors/cpu_time.h"
#include "base/sensors/energy_source.h"

namespace bitnet {

// What counts time, each since any moment.
struct ShareClocks {
  std::function<absl::Duration()> now;
  std::function<absl::Duration()> own;  // Processor time of this process,
  BusyTimeReader busy;                  // and of all programs.
};

// Of each move of `whole`, the share that this process has of the processor time of all programs: so workers
// on one chip divide its joules between them, and what other programs take is charged to nobody. The label is
// that of `whole` with " share" behind its scope.
//
// The machine's busy time is told in ticks of 10 ms, too coarse for a batch step; what other programs take is
// therefore measured over a quarter of a second and more, and held against this process's own clock, which is
// exact. What the first quarter of a second took is counted at its end.
//
// `whole` is borrowed, outlives this, and is used by the same thread.
std::unique_ptr<EnergySource> MakeEnergyShare(EnergySource* whole, ShareClocks clocks);

// Whether it is such a share.
bool IsShare(const EnergyLabel& label);

}  // namespace bitnet
