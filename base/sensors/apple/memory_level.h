// macOS' levels of memory pressure.
#pragma once

#include <optional>

#include "base/apple/sysctl.h"
#include "base/sensors/memory_pressure.h"

namespace bitnet {

// kern.memorystatus_vm_pressure_level: 1 normal, 2 warning, 4 critical (DISPATCH_MEMORYPRESSURE_* of
// <dispatch/source.h>). Nothing for other numbers, and where the name is not known.
std::optional<MemoryPressure> ReadDarwinMemoryPressure(const SysctlReader& reader);

}  // namespace bitnet
