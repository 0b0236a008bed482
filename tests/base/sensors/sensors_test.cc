#include "base/sensors/sensors.h"

#include <gtest/gtest.h>

#include "base/sensors/cpu_frequency.h"
#include "tests/base/sensors/fixture.h"

namespace bitnet {
namespace {

TEST(SensorsTest, FindsWhatAnEpycHas) {
  const FakeMachine epyc("epyc.sysfs");
  const Sensors sensors = epyc.Find();
  ASSERT_FALSE(sensors.energy.empty());
  EXPECT_EQ(sensors.energy[0]->label(), (EnergyLabel{"powercap", "package"}));
  const Heat heat = sensors.heat->Read();
  EXPECT_EQ(heat.temperatures.size(), 3U);
  EXPECT_EQ(heat.pressure, ThermalPressure::kNominal);
  ASSERT_EQ(heat.frequencies.size(), 2U);
  EXPECT_EQ(heat.frequencies[1].cpu, "1");
  EXPECT_DOUBLE_EQ(heat.frequencies[1].hertz, 1.5e9);
  EXPECT_DOUBLE_EQ(heat.frequencies[1].max_hertz.value(), 3.675e9);
  EXPECT_EQ(heat.throttle_events, std::nullopt);
}

TEST(SensorsTest, FindsHeatAndNoEnergyInARaspberryPi) {
  const FakeMachine pi("raspberry_pi.sysfs");
  const Sensors sensors = pi.Find();
  EXPECT_TRUE(sensors.energy.empty());
  EXPECT_TRUE(sensors.problems.empty());
  const Heat heat = sensors.heat->Read();
  EXPECT_EQ(heat.temperatures.size(), 2U);  // The zone, and the same as hwmon shows it.
  EXPECT_EQ(heat.pressure, ThermalPressure::kNominal);
  EXPECT_EQ(heat.frequencies.size(), 2U);
}

TEST(SensorsTest, FindsNothingInAVirtualMachine) {
  const FakeMachine vm("vm.sysfs");
  const Sensors sensors = vm.Find();
  EXPECT_TRUE(sensors.energy.empty());
  EXPECT_TRUE(sensors.problems.empty());
  const Heat heat = sensors.heat->Read();
  EXPECT_TRUE(heat.temperatures.empty());
  EXPECT_TRUE(heat.frequencies.empty());
  EXPECT_EQ(heat.pressure, std::nullopt);
}

TEST(SensorsTest, PrefersACounterToAPower) {
  const FakeMachine altra("altra.sysfs");
  const Sensors sensors = altra.Find();
  ASSERT_GE(sensors.energy.size(), 3U);
  EXPECT_EQ(sensors.energy[0]->label(), (EnergyLabel{"hwmon", "cpu"}));
  EXPECT_EQ(sensors.energy[1]->label(), (EnergyLabel{"hwmon-power", "cpu"}));
}

TEST(SensorsTest, RanksTheProcessFirstAndPartsLast) {
  const EnergyLabel order[] = {{"rusage", "process"}, {"powercap", "package"},   {"hwmon", "cpu"},
                               {"powercap", "psys"},  {"hwmon-power", "system"}, {"powercap", "core"},
                               {"powercap", "dram"}};
  for (size_t i = 1; i < std::size(order); ++i) {
    EXPECT_LT(AttributionRank(order[i - 1]), AttributionRank(order[i])) << order[i].source << order[i].scope;
  }
}

TEST(CpuFrequencyTest, AddsThrottlingOfPhysicalCores) {
  const FakeRoot root;
  root.Write("/sys/devices/system/cpu/online", "0-3");
  for (const char* cpu : {"cpu0", "cpu1", "cpu2", "cpu3"}) {
    const std::string directory = std::string("/sys/devices/system/cpu/") + cpu;
    const bool first = std::string(cpu) == "cpu0" || std::string(cpu) == "cpu2";
    root.Write(directory + "/topology/thread_siblings_list", first ? "0,2" : "1,3");
    root.Write(directory + "/thermal_throttle/core_throttle_count", first ? "5" : "7");
  }
  EXPECT_EQ(CpuFrequencies(root.path()).ReadThrottleEvents(), 12U);
}

}  // namespace
}  // namespace bitnet
