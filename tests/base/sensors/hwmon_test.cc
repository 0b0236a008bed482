#include "base/sensors/hwmon.h"

#include <gtest/gtest.h>

#include "base/sensors/power_integral.h"
#include "tests/base/sensors/fixture.h"

namespace bitnet {
namespace {

TEST(HwmonTest, ReadsCountersAndSumsPowersUp) {
  const FakeMachine altra("altra.sysfs");
  absl::Duration now;
  std::vector<std::string> problems;
  const EnergySources sources = FindHwmonEnergy(
      altra.path(), [&now] { return now; }, problems);
  EXPECT_TRUE(problems.empty());
  EnergySource* counter = FindSource(sources, {"hwmon", "cpu"});
  ASSERT_NE(counter, nullptr);
  EXPECT_DOUBLE_EQ(counter->ReadJoules().value(), 900);
  EnergySource* system = FindSource(sources, {"hwmon-power", "system"});
  ASSERT_NE(system, nullptr);
  EXPECT_DOUBLE_EQ(system->ReadJoules().value(), 0);
  now = absl::Milliseconds(500);
  EXPECT_DOUBLE_EQ(system->ReadJoules().value(), 80);
}

TEST(HwmonTest, TakesAMeanPowerRatherThanThatOfTheMoment) {
  const FakeMachine altra("altra.sysfs");
  altra.Write("/sys/class/hwmon/hwmon1/power1_input", "990000000");
  absl::Duration now;
  std::vector<std::string> problems;
  const EnergySources sources = FindHwmonEnergy(
      altra.path(), [&now] { return now; }, problems);
  EnergySource* system = FindSource(sources, {"hwmon-power", "system"});
  system->ReadJoules();
  now = absl::Seconds(1);
  EXPECT_DOUBLE_EQ(system->ReadJoules().value(), 160);
  EXPECT_NE(FindSource(sources, {"hwmon-power", "cpu"}), nullptr);  // Of another chip, which has no mean.
}

TEST(HwmonTest, AddsChannelsOfOneScope) {
  const FakeMachine altra("altra.sysfs");
  altra.Write("/sys/class/hwmon/hwmon2/name", "altra_hwmon");
  altra.Write("/sys/class/hwmon/hwmon2/energy1_input", "1000000");
  altra.Write("/sys/class/hwmon/hwmon2/energy1_label", "SoC energy");
  std::vector<std::string> problems;
  const EnergySources sources = FindHwmonEnergy(
      altra.path(), [] { return absl::ZeroDuration(); }, problems);
  EXPECT_DOUBLE_EQ(FindSource(sources, {"hwmon", "cpu"})->ReadJoules().value(), 901);
  altra.Write("/sys/class/hwmon/hwmon2/energy1_input", "");
  EXPECT_EQ(FindSource(sources, {"hwmon", "cpu"})->ReadJoules(), std::nullopt);
}

TEST(HwmonTest, ReadsTemperaturesByChipAndLabel) {
  const FakeMachine epyc("epyc.sysfs");
  const std::vector<Temperature> temperatures = HwmonTemperatures(epyc.path()).Read();
  ASSERT_EQ(temperatures.size(), 3U);
  EXPECT_EQ(temperatures[0].sensor, "nvme Composite");
  EXPECT_EQ(temperatures[1].sensor, "k10temp Tctl");
  EXPECT_DOUBLE_EQ(temperatures[1].celsius, 61.25);
}

TEST(PowerIntegralTest, AddsTheMeanOfTwoReadings) {
  PowerIntegral integral;
  EXPECT_EQ(integral.Advance(10, absl::Seconds(100)), 0);
  EXPECT_EQ(integral.Advance(20, absl::Seconds(102)), 30);
  EXPECT_EQ(integral.Advance(20, absl::Seconds(103)), 50);
}

TEST(PowerIntegralTest, GuessesNothingOverALongGap) {
  PowerIntegral integral;
  integral.Advance(10, absl::ZeroDuration());
  EXPECT_EQ(integral.Advance(10, absl::Seconds(10.5)), 0);
  EXPECT_EQ(integral.Advance(10, absl::Seconds(11.5)), 10);
}

}  // namespace
}  // namespace bitnet
