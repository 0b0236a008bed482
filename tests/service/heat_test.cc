// What the heat policy does, on a chip that is computed.
#include <gtest/gtest.h>

#include <algorithm>

#include "service/heat/thermal_steps.h"
#include "tests/service/hour.h"
#include "tests/service/simulated_chip.h"

namespace bitnet {
namespace {

using worker::v1::ThermalPressure;

const absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);

TEST(ThermalStepsTest, GoesDownStepByStepOnceThePressureHolds) {
  ThermalSteps steps;
  const auto observe = [&](int seconds, ThermalPressure pressure) {
    steps.Observe(kStart + absl::Seconds(seconds), pressure);
    return steps.weight();
  };
  EXPECT_EQ(observe(0, worker::v1::THERMAL_PRESSURE_SERIOUS), 1);
  EXPECT_EQ(observe(9, worker::v1::THERMAL_PRESSURE_SERIOUS), 1);
  EXPECT_EQ(observe(10, worker::v1::THERMAL_PRESSURE_SERIOUS), 0.8);
  EXPECT_EQ(observe(19, worker::v1::THERMAL_PRESSURE_SERIOUS), 0.8);
  EXPECT_EQ(observe(20, worker::v1::THERMAL_PRESSURE_SERIOUS), 0.5);
  EXPECT_EQ(observe(60, worker::v1::THERMAL_PRESSURE_SERIOUS), 0.5);
}

TEST(ThermalStepsTest, IgnoresABurst) {
  ThermalSteps steps;
  for (int second = 0; second < 600; second += 9) {
    const bool warm = second % 18 == 0;
    steps.Observe(kStart + absl::Seconds(second),
                  warm ? worker::v1::THERMAL_PRESSURE_CRITICAL : worker::v1::THERMAL_PRESSURE_NOMINAL);
    EXPECT_EQ(steps.weight(), 1);
  }
}

TEST(ThermalStepsTest, GoesUpAfterTwoCoolMinutes) {
  ThermalSteps steps;
  steps.Observe(kStart, worker::v1::THERMAL_PRESSURE_FAIR);
  steps.Observe(kStart + absl::Seconds(10), worker::v1::THERMAL_PRESSURE_FAIR);
  ASSERT_EQ(steps.weight(), 0.8);
  steps.Observe(kStart + absl::Seconds(20), worker::v1::THERMAL_PRESSURE_NOMINAL);
  steps.Observe(kStart + absl::Seconds(139), worker::v1::THERMAL_PRESSURE_NOMINAL);
  EXPECT_EQ(steps.weight(), 0.8);
  steps.Observe(kStart + absl::Seconds(140), worker::v1::THERMAL_PRESSURE_NOMINAL);
  EXPECT_EQ(steps.weight(), 1);
}

TEST(ThermalStepsTest, TakesAnUnknownPressureForNominal) {
  ThermalSteps steps;
  steps.Observe(kStart, worker::v1::THERMAL_PRESSURE_UNSPECIFIED);
  steps.Observe(kStart + absl::Hours(1), worker::v1::THERMAL_PRESSURE_UNSPECIFIED);
  EXPECT_EQ(steps.weight(), 1);
}

class HeatHourTest : public testing::TestWithParam<unsigned> {};

TEST_P(HeatHourTest, CoolsAHotMachineWithoutSwinging) {
  SimulatedChip chip({{}}, GetParam());
  ThermalSteps steps;
  Turns weights(steps.weight());
  Course course;
  double hottest = 0;
  double lightest = 1;
  for (int second = 0; second < 3600; ++second) {
    // Quiet and busy quarters of an hour: the weight, the share of answers that come here, has something to
    // do.
    chip.Run((second / 900 % 2 == 0 ? 0.5 : 0.1) * steps.weight());
    steps.Observe(kStart + absl::Seconds(second), chip.pressure());
    weights.Observe(second, steps.weight());
    course.Add(second, {{"watts", chip.watts()},
                        {"celsius", chip.celsius()},
                        {"running", chip.running()},
                        {"weight_percent", 100 * steps.weight()}});
    hottest = std::max(hottest, chip.celsius());
    lightest = std::min(lightest, steps.weight());
  }
  EXPECT_GE(weights.shortest(), 60);
  EXPECT_LT(lightest, 1);
  EXPECT_LE(weights.count(), 12);
  EXPECT_LT(hottest, 110);
}

INSTANTIATE_TEST_SUITE_P(Seeds, HeatHourTest, testing::Range(1U, 6U));

}  // namespace
}  // namespace bitnet
