#include "base/sensors/apple/memory_level.h"

namespace bitnet {

std::optional<MemoryPressure> ReadDarwinMemoryPressure(const SysctlReader& reader) {
  switch (SysctlInteger(reader, "kern.memorystatus_vm_pressure_level").value_or(0)) {
    case 1:
      return MemoryPressure::kNormal;
    case 2:
      return MemoryPressure::kWarning;
    case 4:
      return MemoryPressure::kCritical;
    default:
      return std::nullopt;
  }
}

}  // namespace bitnet
