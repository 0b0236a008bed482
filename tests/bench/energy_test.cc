#include "bench/machine/energy.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace bitnet {
namespace {

class EnergyTest : public testing::Test {
 protected:
  void Counter(const std::string& zone, const std::string& name, uint64_t microjoules) {
    const std::filesystem::path folder = root_ + "/sys/class/powercap/" + zone;
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "name") << name << "\n";
    std::ofstream(folder / "energy_uj") << microjoules << "\n";
    std::ofstream(folder / "max_energy_range_uj") << 10'000'000 << "\n";
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  const std::string root_ =
      testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(EnergyTest, IsAbsentWithoutCounters) {
  EnergyMeter meter(root_);
  EXPECT_FALSE(meter.available());
  EXPECT_EQ(meter.Joules(), std::nullopt);
}

TEST_F(EnergyTest, AddsPackagesAndLeavesOutWhatCountsThemOnceMore) {
  Counter("intel-rapl:0", "package-0", 1'000'000);
  Counter("intel-rapl:1", "package-1", 1'000'000);
  Counter("intel-rapl:0:0", "core", 1'000'000);
  Counter("intel-rapl:2", "psys", 1'000'000);
  EnergyMeter meter(root_);
  Counter("intel-rapl:0", "package-0", 3'000'000);
  Counter("intel-rapl:1", "package-1", 1'500'000);
  Counter("intel-rapl:0:0", "core", 9'000'000);
  Counter("intel-rapl:2", "psys", 9'000'000);
  EXPECT_EQ(meter.Joules(), 2.5);
}

TEST_F(EnergyTest, GoesOnWhereACounterBeginsAgain) {
  Counter("intel-rapl:0", "package-0", 9'000'000);
  EnergyMeter meter(root_);
  Counter("intel-rapl:0", "package-0", 2'000'000);
  EXPECT_EQ(meter.Joules(), 3.0);
}

TEST_F(EnergyTest, IsAbsentOnceACounterIsGone) {
  Counter("intel-rapl:0", "package-0", 9'000'000);
  EnergyMeter meter(root_);
  std::filesystem::remove_all(root_);
  EXPECT_EQ(meter.Joules(), std::nullopt);
}

}  // namespace
}  // namespace bitnet
