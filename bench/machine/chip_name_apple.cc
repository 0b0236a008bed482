#include "base/apple/chip.h"
#include "bench/machine/chip_name.h"

namespace bitnet {

std::string ChipName() {
  const std::string name = ReadAppleChip(SystemSysctl()).name;
  return name.empty() ? "unknown" : name;
}

}  // namespace bitnet
