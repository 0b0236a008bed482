// Linux' thermal zones: temperatures, and the trip points at which the kernel cools.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/sensors/heat.h"

namespace bitnet {

// Of all zones under <root>/sys/class/thermal.
std::vector<Temperature> ReadZoneTemperatures(const std::string& root);

// The highest of what any zone and any processor's cooling device says:
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
std::optional<ThermalPressure> ReadZonePressure(const std::string& root);

}  // namespace bitnet
