// Linux' powercap: the energy counters of Intel's and AMD's processors (RAPL).
#pragma once

#include <string>
#include <vector>

#include "base/sensors/energy_source.h"

namespace bitnet {

// One source for each kind of zone under <root>/sys/class/powercap, with the zones of all sockets summed:
// "package", "core", "uncore", "dram", "psys". The mmio interface tells of the packages a second time and is
// taken only where the other one cannot be read.
//
// Since 2020 the kernel lets only root read these (mode 0400; CVE-2020-8694). A kind of which not every zone
// can be read is left out, and `problems` told why.
EnergySources FindPowercap(const std::string& root, std::vector<std::string>& problems);

}  // namespace bitnet
