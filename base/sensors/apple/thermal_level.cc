#include "base/sensors/apple/thermal_level.h"

#include <iterator>

namespace bitnet {
namespace {

struct Level {
  absl::string_view name;
  ThermalPressure pressure;
};

// By the level's number. As NSProcessInfo's thermalState is commonly said to follow it.
constexpr Level kLevels[] = {
    {"Nominal", ThermalPressure::kNominal},   {"Moderate", ThermalPressure::kFair},
    {"Heavy", ThermalPressure::kSerious},     {"Trapping", ThermalPressure::kCritical},
    {"Sleeping", ThermalPressure::kCritical},
};

}  // namespace

std::optional<ThermalPressure> PressureOfDarwinLevel(uint64_t level) {
  return level < std::size(kLevels) ? std::optional(kLevels[level].pressure) : std::nullopt;
}

std::optional<ThermalPressure> PressureOfDarwinName(absl::string_view name) {
  for (const Level& level : kLevels) {
    if (level.name == name) return level.pressure;
  }
  return std::nullopt;
}

}  // namespace bitnet
