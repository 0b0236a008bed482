// Where thermal_level.h's level comes from: notifyd keeps it, for anyone to ask; macOS only.
#include <notify.h>

#include "base/sensors/apple/thermal_level.h"

namespace bitnet {
namespace {

// kOSThermalNotificationPressureLevelName of <libkern/OSThermalNotification.h>.
constexpr char kPressureLevel[] = "com.apple.system.thermalpressurelevel";

}  // namespace

std::optional<ThermalPressure> ReadDarwinPressure() {
  static const int token = [] {
    int made = NOTIFY_TOKEN_INVALID;
    return notify_register_check(kPressureLevel, &made) == NOTIFY_STATUS_OK ? made : NOTIFY_TOKEN_INVALID;
  }();
  uint64_t level = 0;
  if (token == NOTIFY_TOKEN_INVALID || notify_get_state(token, &level) != NOTIFY_STATUS_OK) {
    return std::nullopt;
  }
  return PressureOfDarwinLevel(level);
}

}  // namespace bitnet
