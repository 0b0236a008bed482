#include "base/sensors/powercap.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/base/sensors/fixture.h"

namespace bitnet {
namespace {

const EnergyLabel kPackage = {"powercap", "package"};
const EnergyLabel kCore = {"powercap", "core"};
constexpr char kEnergy0[] = "/sys/class/powercap/intel-rapl:0/energy_uj";
constexpr char kEnergy1[] = "/sys/class/powercap/intel-rapl:1/energy_uj";

TEST(PowercapTest, AddsTheSocketsOfAnEpycUp) {
  const FakeMachine epyc("epyc.sysfs");
  const Sensors sensors = epyc.Find();
  EXPECT_TRUE(sensors.problems.empty());
  ASSERT_EQ(sensors.energy.size(), 2U);
  EnergySource* package = FindSource(sensors.energy, kPackage);
  EnergySource* core = FindSource(sensors.energy, kCore);
  ASSERT_NE(package, nullptr);
  ASSERT_NE(core, nullptr);
  const double package_before = package->ReadJoules().value();
  const double core_before = core->ReadJoules().value();
  epyc.Write("/sys/class/powercap/intel-rapl:1/energy_uj", "3500000");    // + 2.5 J
  epyc.Write("/sys/class/powercap/intel-rapl:0:0/energy_uj", "8000000");  // + 0.5 J
  EXPECT_DOUBLE_EQ(package->ReadJoules().value() - package_before, 2.5);
  EXPECT_DOUBLE_EQ(core->ReadJoules().value() - core_before, 0.5);
}

TEST(PowercapTest, GoesOnWhereARegisterWraps) {
  const FakeMachine epyc("epyc.sysfs");  // Its first package is at the end of its range.
  const Sensors sensors = epyc.Find();
  EnergySource* package = FindSource(sensors.energy, kPackage);
  const double before = package->ReadJoules().value();
  epyc.Write(kEnergy0, "1250000");
  EXPECT_DOUBLE_EQ(package->ReadJoules().value() - before, 1.25);
  epyc.Write(kEnergy0, "2250000");
  EXPECT_DOUBLE_EQ(package->ReadJoules().value() - before, 2.25);
}

TEST(PowercapTest, ReadsARegisterThatWasEmptyForAMomentLater) {
  const FakeMachine epyc("epyc.sysfs");
  const Sensors sensors = epyc.Find();
  EnergySource* package = FindSource(sensors.energy, kPackage);
  const double before = package->ReadJoules().value();
  epyc.Write(kEnergy1, "");
  EXPECT_DOUBLE_EQ(package->ReadJoules().value() - before, 0);
  epyc.Write(kEnergy1, "1500000");
  EXPECT_DOUBLE_EQ(package->ReadJoules().value() - before, 0.5);
}

TEST(PowercapTest, TellsNothingWhereNoRegisterCanBeRead) {
  const FakeMachine epyc("epyc.sysfs");
  const Sensors sensors = epyc.Find();
  epyc.Write(kEnergy0, "");
  epyc.Write(kEnergy1, "gone");
  EXPECT_EQ(FindSource(sensors.energy, kPackage)->ReadJoules(), std::nullopt);
}

TEST(PowercapTest, CountsThePackageOfBothInterfacesOnce) {
  const FakeMachine epyc("epyc.sysfs");
  epyc.Write("/sys/class/powercap/intel-rapl-mmio:0/name", "package-0");
  epyc.Write("/sys/class/powercap/intel-rapl-mmio:0/energy_uj", "5");
  const Sensors sensors = epyc.Find();
  EnergySource* package = FindSource(sensors.energy, kPackage);
  const double before = package->ReadJoules().value();
  epyc.Write("/sys/class/powercap/intel-rapl-mmio:0/energy_uj", "1000005");
  EXPECT_DOUBLE_EQ(package->ReadJoules().value(), before);
}

TEST(PowercapTest, TakesTheSecondInterfaceWhereItIsTheOnlyOne) {
  const FakeRoot root;
  root.Write("/sys/class/powercap/intel-rapl-mmio:0/name", "package-0");
  root.Write("/sys/class/powercap/intel-rapl-mmio:0/energy_uj", "5");
  std::vector<std::string> problems;
  EXPECT_NE(FindSource(FindPowercap(root.path(), problems), kPackage), nullptr);
}

TEST(PowercapTest, SaysOnceWhatItMayNotRead) {
  const FakeMachine epyc("epyc.sysfs");
  for (const char* zone : {"0", "0:0", "1", "1:0"}) {
    epyc.Remove(std::string("/sys/class/powercap/intel-rapl:") + zone + "/energy_uj");
  }
  const Sensors sensors = epyc.Find();
  EXPECT_TRUE(sensors.energy.empty());
  ASSERT_EQ(sensors.problems.size(), 1U);
  EXPECT_NE(sensors.problems[0].find("energy_uj"), std::string::npos) << sensors.problems[0];
}

TEST(PowercapTest, ExplainsAMissingRight) {
  const FakeMachine epyc("epyc.sysfs");
  ASSERT_EQ(chmod((epyc.path() + kEnergy0).c_str(), 0400), 0);
  const bool root = geteuid() == 0;  // Who may read everything, and here becomes somebody else for a moment.
  if (root) {
    ASSERT_EQ(chmod(epyc.path().c_str(), 0755), 0);
    ASSERT_EQ(seteuid(65534), 0);
  } else {
    ASSERT_EQ(chmod((epyc.path() + kEnergy0).c_str(), 0), 0);
  }
  const Sensors sensors = epyc.Find();
  if (root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  EXPECT_EQ(FindSource(sensors.energy, kPackage), nullptr);
  ASSERT_EQ(sensors.problems.size(), 1U);
  EXPECT_NE(sensors.problems[0].find("only root may read it"), std::string::npos) << sensors.problems[0];
}

TEST(PowercapTest, LeavesOutASumThatWouldLackASocket) {
  const FakeMachine epyc("epyc.sysfs");
  epyc.Remove(kEnergy1);
  const Sensors sensors = epyc.Find();
  EXPECT_EQ(FindSource(sensors.energy, kPackage), nullptr);
  EXPECT_NE(FindSource(sensors.energy, kCore), nullptr);
}

}  // namespace
}  // namespace bitnet
