#include "base/sensors/energy_meter.h"

#include <gtest/gtest.h>

#include "tests/base/sensors/fake_counter.h"

namespace bitnet {
namespace {

TEST(EnergyMeterTest, CountsFromWhenItWasMade) {
  std::optional<double> package = 100;
  EnergyMeter meter(Sources({{{"powercap", "package"}, &package}}));
  EXPECT_EQ(meter.ReadBest(), 0);
  package = 102.5;
  EXPECT_EQ(meter.ReadBest(), 2.5);
  const auto totals = meter.Sample(absl::ZeroDuration());
  ASSERT_EQ(totals.size(), 1U);
  EXPECT_EQ(totals[0].label.scope, "package");
  EXPECT_EQ(totals[0].joules, 2.5);
}

TEST(EnergyMeterTest, NeverFalls) {
  std::optional<double> package = 100;
  EnergyMeter meter(Sources({{{"powercap", "package"}, &package}}));
  package = 110;
  EXPECT_EQ(meter.ReadBest(), 10);
  package = 40;
  EXPECT_EQ(meter.ReadBest(), 10);
  package = std::nullopt;
  EXPECT_EQ(meter.ReadBest(), 10);
}

TEST(EnergyMeterTest, ChargesByTheFirstThatTellsSomething) {
  std::optional<double> process;
  std::optional<double> package = 5;
  EnergyMeter meter(Sources({{{"rusage", "process"}, &process}, {{"powercap", "package"}, &package}}));
  ASSERT_NE(meter.best(), nullptr);
  EXPECT_EQ(meter.best()->source, "powercap");
  process = 1;
  meter.Sample(absl::ZeroDuration());
  EXPECT_EQ(meter.best()->source, "powercap");  // Joules of two counters are not to be mixed.
}

TEST(EnergyMeterTest, TellsNothingWhereNothingIsCounted) {
  std::optional<double> process;
  EnergyMeter meter(Sources({{{"rusage", "process"}, &process}}));
  EXPECT_EQ(meter.best(), nullptr);
  EXPECT_EQ(meter.ReadBest(), std::nullopt);
  EXPECT_TRUE(meter.Sample(absl::Seconds(1)).empty());
}

TEST(EnergyMeterTest, TellsTheMeanPowerOfTheLastInterval) {
  std::optional<double> package = 0;
  EnergyMeter meter(Sources({{{"powercap", "package"}, &package}}));
  const auto watts = [&](double joules, absl::Duration now) {
    package = joules;
    return meter.Sample(now)[0].watts;
  };
  EXPECT_EQ(watts(0, absl::Seconds(10)), std::nullopt);
  EXPECT_EQ(watts(5, absl::Seconds(10.5)), std::nullopt);  // Too short to say.
  EXPECT_EQ(watts(20, absl::Seconds(12)), 10);
  EXPECT_EQ(watts(21, absl::Seconds(12.5)), 10);
  EXPECT_EQ(watts(22, absl::Seconds(13)), 2);
}

}  // namespace
}  // namespace bitnet
