// How warm the machine is, and what its system does about it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace bitnet {

// As of NSProcessInfo, which macOS' own levels and Linux' trip points are brought to (apple/thermal_level.h,
// thermal_zones.h).
enum class ThermalPressure {
  kNominal,
  kFair,      // Warm. Nothing is lost yet; a fanless machine under load is often here.
  kSerious,   // The system slows the processor down.
  kCritical,  // It will soon do worse than that.
};

inline absl::string_view Name(ThermalPressure pressure) {
  constexpr absl::string_view kNames[] = {"nominal", "fair", "serious", "critical"};
  return kNames[static_cast<int>(pressure)];
}

struct Temperature {
  std::string sensor;  // "k10temp Tctl", "cpu-thermal".
  double celsius = 0;
};

struct CpuFrequency {
  std::string cpu;                       // "0"; "P0-Cluster" where only clusters are told.
  double hertz = 0;                      // Now.
  std::optional<double> max_hertz = {};  // At best.
};

// What is not there is absent, and never zero.
struct Heat {
  std::vector<Temperature> temperatures = {};
  std::optional<ThermalPressure> pressure = {};
  std::optional<uint64_t> throttle_events = {};  // Since the machine started, of all cores (x86).
  std::vector<CpuFrequency> frequencies = {};
};

// Used by one thread at a time, whatever others do with sources of energy.
class HeatSensors {
 public:
  virtual ~HeatSensors() = default;
  virtual Heat Read() = 0;
};

}  // namespace bitnet
