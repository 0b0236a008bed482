// macOS: the CPU energy that the kernel bills a process.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/sensors/energy_source.h"

namespace bitnet {

// As of struct rusage_info_v6.
struct ProcessEnergy {
  uint64_t energy_nj = 0;  // ri_energy_nj: of all cores, and of these alone: no GPU, no memory.
};

using ProcessEnergyReader = std::function<std::optional<ProcessEnergy>()>;

// Source "rusage", scope "process". A process that has run has used energy: as long as the kernel says none,
// it is a virtual machine, where nothing is counted, and the source is absent.
std::unique_ptr<EnergySource> MakeProcessEnergySource(ProcessEnergyReader reader);

// Of this process, or of another one of the same user. macOS 13 and later; nothing if the system refuses.
std::optional<ProcessEnergy> ReadProcessEnergy(pid_t pid);

}  // namespace bitnet
