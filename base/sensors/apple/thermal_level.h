// macOS' levels of thermal pressure.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "base/sensors/heat.h"

namespace bitnet {

// The state of the notification com.apple.system.thermalpressurelevel: 0 Nominal, 1 Moderate, 2 Heavy,
// 3 Trapping, 4 Sleeping. (iOS counts otherwise.) Nothing for other numbers.
std::optional<ThermalPressure> PressureOfDarwinLevel(uint64_t level);

// The same by the names that powermetrics prints.
std::optional<ThermalPressure> PressureOfDarwinName(absl::string_view name);

// Of this machine; macOS only.
std::optional<ThermalPressure> ReadDarwinPressure();

}  // namespace bitnet
