// What the heat policy does, on a machine that is computed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <random>
#include <vector>

#include "service/heat/thermal_steps.h"

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

// A small machine: it takes 4 W, and 3 W for each answer, a little more when it is hot; a heat capacity
// behind a thermal resistance (time constant four minutes). Answers come at random, and take 5 to 40 s.
class Machine {
 public:
  explicit Machine(unsigned seed) : rng_(seed) {}

  // A second. `weight` is the share of new answers that come here.
  void Run(double arrivals_per_second, double weight) {
    std::poisson_distribution<int> arrivals(arrivals_per_second * weight);
    waiting_ = std::min(waiting_ + arrivals(rng_), 100);
    std::erase_if(running_, [](int& left) { return --left <= 0; });
    while (waiting_ > 0 && running_.size() < 16) {
      running_.push_back(5 + static_cast<int>(rng_() % 36));
      --waiting_;
    }
    const double leak = 1 + 0.001 * (celsius_ - 25);
    watts_ = (4 + 3 * static_cast<double>(running_.size())) * leak *
             std::uniform_real_distribution<double>(0.98, 1.02)(rng_);
    celsius_ += (25 + 2.2 * watts_ - celsius_) / 240;
  }

  ThermalPressure pressure() const {
    if (celsius_ >= 100) return worker::v1::THERMAL_PRESSURE_CRITICAL;
    if (celsius_ >= 90) return worker::v1::THERMAL_PRESSURE_SERIOUS;
    return celsius_ >= 80 ? worker::v1::THERMAL_PRESSURE_FAIR : worker::v1::THERMAL_PRESSURE_NOMINAL;
  }
  double watts() const { return watts_; }
  double celsius() const { return celsius_; }
  int running() const { return static_cast<int>(running_.size()); }
  int waiting() const { return waiting_; }

 private:
  std::mt19937 rng_;
  std::vector<int> running_;  // Seconds left.
  int waiting_ = 0;
  double watts_ = 0;
  double celsius_ = 25;
};

// Turns between going up and going down, and when the last change was.
class Turns {
 public:
  void Observe(int second, double value) {
    if (value != last_) {
      const int direction = value > last_ ? 1 : -1;
      if (direction_ != 0 && direction != direction_) {
        shortest_ = std::min(shortest_, second - changed_);
        ++count_;
      }
      direction_ = direction;
      changed_ = second;
      last_ = value;
    }
  }
  explicit Turns(double first) : last_(first) {}
  int shortest() const { return shortest_; }
  int count() const { return count_; }

 private:
  double last_;
  int direction_ = 0;
  int changed_ = 0;
  int shortest_ = 1 << 30;
  int count_ = 0;
};

// BITNET_HEAT_CSV names a file for the hour's course; tests/service/plot_heat.py draws it.
class Course {
 public:
  Course() {
    if (const char* path = std::getenv("BITNET_HEAT_CSV")) {
      file_.open(path);
      file_ << "second,watts,celsius,running,waiting,weight\n";
    }
  }
  void Add(int second, const Machine& machine, double weight) {
    if (file_.is_open()) {
      file_ << second << ',' << machine.watts() << ',' << machine.celsius() << ',' << machine.running() << ','
            << machine.waiting() << ',' << weight << '\n';
    }
  }

 private:
  std::ofstream file_;
};

class HeatHourTest : public testing::TestWithParam<unsigned> {};

TEST_P(HeatHourTest, CoolsAHotMachineWithoutSwinging) {
  Machine machine(GetParam());
  ThermalSteps steps;
  Turns weights(steps.weight());
  Course course;
  double hottest = 0;
  double lightest = 1;
  for (int second = 0; second < 3600; ++second) {
    machine.Run(second / 900 % 2 == 0 ? 0.5 : 0.1, steps.weight());
    steps.Observe(kStart + absl::Seconds(second), machine.pressure());
    weights.Observe(second, steps.weight());
    course.Add(second, machine, steps.weight());
    // Quiet and busy quarters of an hour: the weight has something to do.
    hottest = std::max(hottest, machine.celsius());
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
