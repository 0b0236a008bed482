// Linux' thermal zones: temperatures, and the trip points at which the kernel cools.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/sensors/heat.h"

namespace bitnet {

struct ThermalZone {
  std::string directory;
  std::string type;
  // Their lowest, in thousandths of a degree; "hot" ones count as critical.
  std::optional<int64_t> passive = {};
  std::optional<int64_t> critical = {};
};

// The zones and cooling devices under <root>/sys/class/thermal, found once and read again and again.
//
// The pressure is the highest of what any zone and any processor's cooling device says:
//
//   zone at its critical or hot trip point, or within 5 °C of it     critical
//   at its lowest passive one, where the kernel begins to throttle   serious
//   within 10 °C of that                                             fair
//   cooling device of a processor in the upper half of its states    serious
//   in another state than 0                                          fair
//
// A zone without a passive trip point is taken to have one 20 °C below its critical one. Zones of radios,
// batteries and disks do not count: our work does not heat them. Nothing if no zone has a trip point and
// there is no such cooling device.
class ThermalZones {
 public:
  explicit ThermalZones(const std::string& root);

  // Adds to temperatures, and sets the pressure.
  void Read(Heat& heat) const;

 private:
  std::vector<ThermalZone> zones_;
  std::vector<std::string> cooling_;  // Directories of devices that slow the processor down.
};

}  // namespace bitnet
