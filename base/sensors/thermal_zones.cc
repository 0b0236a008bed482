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

struct Zone {
  std::string type;
  int64_t temperature = 0;
  std::optional<int64_t> passive = {};   // The lowest.
  std::optional<int64_t> critical = {};  // The lowest, "hot" ones too.
};

void Lower(std::optional<int64_t>& lowest, int64_t value) {
  lowest = std::min(lowest.value_or(value), value);
}

// Trip points that are switched off hold zero or less.
void ReadTripPoints(const std::string& directory, Zone& zone) {
  for (int number = 0;; ++number) {
    const std::string point = absl::StrCat(directory, "/trip_point_", number);
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

std::vector<Zone> ReadZones(const std::string& root) {
  std::vector<Zone> zones;
  for (const std::string& directory : Directories(root, "thermal_zone")) {
    if (const std::optional<int64_t> temperature = ReadSysfsInt(directory + "/temp")) {
      zones.push_back(
          {.type = ReadFirstLine(directory + "/type").value_or("thermal_zone"), .temperature = *temperature});
      ReadTripPoints(directory, zones.back());
    }
  }
  return zones;
}

bool OurWorkHeats(const Zone& zone) {
  const std::string type = absl::AsciiStrToLower(zone.type);
  return std::ranges::none_of(
      std::initializer_list<absl::string_view>{"wifi", "bat", "charger", "nvme", "modem"},
      [&](absl::string_view other) { return absl::StrContains(type, other); });
}

std::optional<ThermalPressure> PressureOf(const Zone& zone) {
  if (!OurWorkHeats(zone) || (!zone.passive.has_value() && !zone.critical.has_value())) {
    return std::nullopt;
  }
  if (zone.critical.has_value() && zone.temperature >= *zone.critical - kNearCritical) {
    return ThermalPressure::kCritical;
  }
  const int64_t passive = zone.passive.has_value() ? *zone.passive : *zone.critical - kPassiveBelowCritical;
  if (zone.temperature >= passive) {
    return ThermalPressure::kSerious;
  }
  return zone.temperature >= passive - kNearPassive ? ThermalPressure::kFair : ThermalPressure::kNominal;
}

// "Processor" with ACPI, "cpufreq-cpu0" or "thermal-cpufreq-0" elsewhere. Fans do not slow us down.
bool CoolsProcessor(const std::string& type) {
  return type == "Processor" || absl::StrContains(type, "cpufreq");
}

std::optional<ThermalPressure> CoolingPressure(const std::string& directory) {
  if (!CoolsProcessor(ReadFirstLine(directory + "/type").value_or(""))) {
    return std::nullopt;
  }
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

std::vector<Temperature> ReadZoneTemperatures(const std::string& root) {
  std::vector<Temperature> temperatures;
  for (const Zone& zone : ReadZones(root)) {
    temperatures.push_back({zone.type, static_cast<double>(zone.temperature) * 1e-3});
  }
  return temperatures;
}

std::optional<ThermalPressure> ReadZonePressure(const std::string& root) {
  std::optional<ThermalPressure> highest;  // An absent one is less than any.
  for (const Zone& zone : ReadZones(root)) {
    highest = std::max(highest, PressureOf(zone));
  }
  for (const std::string& directory : Directories(root, "cooling_device")) {
    highest = std::max(highest, CoolingPressure(directory));
  }
  return highest;
}

}  // namespace bitnet
