#include "base/sensors/thermal_zones.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/linux_cpus.h"
#include "base/sensors/sysfs_file.h"

namespace bitnet {
namespace {

// All in thousandths of a degree, as the files are.
constexpr int64_t kNearCritical = 5000;
constexpr int64_t kNearPassive = 10000;
constexpr int64_t kPassiveBelowCritical = 20000;

void Lower(std::optional<int64_t>& lowest, int64_t value) {
  lowest = std::min(lowest.value_or(value), value);
}

// Trip points that are switched off hold zero or less.
void ReadTripPoints(ThermalZone& zone) {
  for (int number = 0;; ++number) {
    const std::string point = absl::StrCat(zone.directory, "/trip_point_", number);
    const std::optional<std::string> type = ReadFirstLine(point + "_type");
    if (!type.has_value()) {
      return;
    }
    const std::optional<int64_t> temperature = ReadSysfsInt(point + "_temp");
    if (!temperature.has_value() || *temperature <= 0) continue;
    if (*type == "passive") Lower(zone.passive, *temperature);
    if (*type == "critical" || *type == "hot") Lower(zone.critical, *temperature);
  }
}

// Directories under /sys/class/thermal whose names begin so.
std::vector<std::string> Directories(const std::string& root, absl::string_view prefix) {
  const std::string base = root + "/sys/class/thermal";
  std::vector<std::string> directories;
  for (const std::string& name : ListSysfs(base)) {
    if (absl::StartsWith(name, prefix)) {
      directories.push_back(absl::StrCat(base, "/", name));
    }
  }
  return directories;
}

bool OurWorkHeats(const ThermalZone& zone) {
  const std::string type = absl::AsciiStrToLower(zone.type);
  return std::ranges::none_of(
      std::initializer_list<absl::string_view>{"wifi", "bat", "charger", "nvme", "modem"},
      [&](absl::string_view other) { return absl::StrContains(type, other); });
}

std::optional<ThermalPressure> PressureOf(const ThermalZone& zone, int64_t temperature) {
  if (!OurWorkHeats(zone) || (!zone.passive.has_value() && !zone.critical.has_value())) {
    return std::nullopt;
  }
  if (zone.critical.has_value() && temperature >= *zone.critical - kNearCritical) {
    return ThermalPressure::kCritical;
  }
  const int64_t passive = zone.passive.has_value() ? *zone.passive : *zone.critical - kPassiveBelowCritical;
  if (temperature >= passive) {
    return ThermalPressure::kSerious;
  }
  return temperature >= passive - kNearPassive ? ThermalPressure::kFair : ThermalPressure::kNominal;
}

// "Processor" with ACPI, "cpufreq-cpu0" or "thermal-cpufreq-0" elsewhere. Fans do not slow us down.
bool CoolsProcessor(const std::string& type) {
  return type == "Processor" || absl::StrContains(type, "cpufreq");
}

std::optional<ThermalPressure> CoolingPressure(const std::string& directory) {
  const std::optional<int64_t> state = ReadSysfsInt(directory + "/cur_state");
  const std::optional<int64_t> most = ReadSysfsInt(directory + "/max_state");
  if (!state.has_value() || !most.has_value()) {
    return std::nullopt;
  }
  if (*state <= 0) {
    return ThermalPressure::kNominal;
  }
  return *state * 2 > *most ? ThermalPressure::kSerious : ThermalPressure::kFair;
}

}  // namespace

ThermalZones::ThermalZones(const std::string& root) {
  for (const std::string& directory : Directories(root, "thermal_zone")) {
    zones_.push_back(
        {.directory = directory, .type = ReadFirstLine(directory + "/type").value_or("thermal_zone")});
    ReadTripPoints(zones_.back());
  }
  for (const std::string& directory : Directories(root, "cooling_device")) {
    if (CoolsProcessor(ReadFirstLine(directory + "/type").value_or(""))) {
      cooling_.push_back(directory);
    }
  }
}

void ThermalZones::Read(Heat& heat) const {
  heat.pressure.reset();  // An absent one is less than any.
  for (const ThermalZone& zone : zones_) {
    if (const std::optional<int64_t> temperature = ReadSysfsInt(zone.directory + "/temp")) {
      heat.temperatures.push_back({zone.type, static_cast<double>(*temperature) * 1e-3});
      heat.pressure = std::max(heat.pressure, PressureOf(zone, *temperature));
    }
  }
  for (const std::string& directory : cooling_) {
    heat.pressure = std::max(heat.pressure, CoolingPressure(directory));
  }
}

}  // namespace bitnet
