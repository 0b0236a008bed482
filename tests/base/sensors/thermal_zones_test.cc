#include "base/sensors/thermal_zones.h"

#include <gtest/gtest.h>

#include "tests/base/sensors/fixture.h"

namespace bitnet {
namespace {

constexpr char kZone[] = "/sys/class/thermal/thermal_zone0/";

class ThermalZonesTest : public testing::Test {
 protected:
  void WriteZone(const std::string& zone, const std::string& type, const std::string& temperature) {
    root_.Write(zone + "type", type);
    root_.Write(zone + "temp", temperature);
  }
  void WriteTrip(const std::string& zone, int number, const std::string& type,
                 const std::string& temperature) {
    const std::string point = zone + "trip_point_" + std::to_string(number);
    root_.Write(point + "_type", type);
    root_.Write(point + "_temp", temperature);
  }
  std::optional<ThermalPressure> Pressure() const {
    Heat heat;
    ThermalZones(root_.path()).Read(heat);
    return heat.pressure;
  }

  const FakeRoot root_;
};

TEST_F(ThermalZonesTest, RisesWithTheTemperature) {
  WriteTrip(kZone, 0, "active", "30000");
  WriteTrip(kZone, 1, "passive", "95000");
  WriteTrip(kZone, 2, "passive", "80000");
  WriteTrip(kZone, 3, "critical", "105000");
  const std::pair<const char*, ThermalPressure> kSteps[] = {
      {"40000", ThermalPressure::kNominal},  {"69999", ThermalPressure::kNominal},
      {"70000", ThermalPressure::kFair},     {"79999", ThermalPressure::kFair},
      {"80000", ThermalPressure::kSerious},  {"99999", ThermalPressure::kSerious},
      {"100000", ThermalPressure::kCritical}};
  for (const auto& [temperature, pressure] : kSteps) {
    WriteZone(kZone, "x86_pkg_temp", temperature);
    EXPECT_EQ(Pressure(), pressure) << temperature;
  }
}

TEST_F(ThermalZonesTest, KnowsAPiByItsCriticalPoint) {
  root_.WriteFixture(FixturePath("raspberry_pi.sysfs"));
  EXPECT_EQ(Pressure(), ThermalPressure::kNominal);
  root_.Write("/sys/class/thermal/thermal_zone0/temp", "80000");
  EXPECT_EQ(Pressure(), ThermalPressure::kFair);
  root_.Write("/sys/class/thermal/thermal_zone0/temp", "90000");
  EXPECT_EQ(Pressure(), ThermalPressure::kSerious);
}

TEST_F(ThermalZonesTest, TakesTheWorstZone) {
  WriteZone(kZone, "acpitz", "30000");
  WriteTrip(kZone, 0, "passive", "90000");
  const std::string other = "/sys/class/thermal/thermal_zone1/";
  WriteZone(other, "soc-thermal", "91000");
  WriteTrip(other, 0, "passive", "90000");
  EXPECT_EQ(Pressure(), ThermalPressure::kSerious);
}

TEST_F(ThermalZonesTest, IgnoresRadiosDisksAndBatteries) {
  WriteZone(kZone, "iwlwifi_1", "99000");
  WriteTrip(kZone, 0, "passive", "50000");
  EXPECT_EQ(Pressure(), std::nullopt);
}

TEST_F(ThermalZonesTest, TellsNothingWithoutTripPoints) {
  WriteZone(kZone, "x86_pkg_temp", "99000");
  WriteTrip(kZone, 0, "passive", "0");  // Switched off.
  WriteTrip(kZone, 1, "passive", "-274000");
  EXPECT_EQ(Pressure(), std::nullopt);
}

TEST_F(ThermalZonesTest, SeesThatTheProcessorIsSlowedDown) {
  root_.Write("/sys/class/thermal/cooling_device0/type", "cpufreq-cpu0");
  root_.Write("/sys/class/thermal/cooling_device0/max_state", "4");
  for (const auto& [state, pressure] : {std::pair("0", ThermalPressure::kNominal),
                                        {"1", ThermalPressure::kFair},
                                        {"2", ThermalPressure::kFair},
                                        {"3", ThermalPressure::kSerious}}) {
    root_.Write("/sys/class/thermal/cooling_device0/cur_state", state);
    EXPECT_EQ(Pressure(), pressure) << state;
  }
}

}  // namespace
}  // namespace bitnet
