// Linux' pressure stall information of memory.
#pragma once

#include <optional>
#include <string>

#include "base/sensors/memory_pressure.h"

namespace bitnet {

// Of /proc/pressure/memory below `root`, the shares of the last ten seconds in which programs waited for
// memory (https://docs.kernel.org/accounting/psi.html): kWarning from 10 % on in which some waited, kCritical
// from 10 % on in which all did at once. Nothing where the file is missing: kernels before 4.20, or without
// CONFIG_PSI.
std::optional<MemoryPressure> ReadMemoryStalls(const std::string& root);

}  // namespace bitnet
