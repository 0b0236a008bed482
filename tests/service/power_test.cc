// The ceiling of power: what is measured, what may run, and who runs it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "service/metrics/metrics_text.h"
#include "service/metrics/power_metrics.h"
#include "service/power/allotment.h"
#include "service/power/power_budget.h"
#include "service/power/power_cap.h"
#include "service/power/power_meter.h"
#include "tests/base/fake_root.h"

namespace bitnet {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);

WorkerPool::View View(CoreKind kind = CoreKind::kUnknown) {
  WorkerPool::View view = {.name = "W", .kind = kind, .up = true};
  view.status.emplace().set_max_sequences(16);
  return view;
}

void AddPower(WorkerPool::View& view, const char* source, const char* scope, double watts) {
  worker::v1::EnergyTotal& total = *view.status->add_energy();
  total.mutable_energy()->set_source(source);
  total.mutable_energy()->set_scope(scope);
  total.set_watts(watts);
}

TEST(MeasurePowerTest, CountsACounterOfTheChipOnce) {
  std::vector<WorkerPool::View> views = {View(), View()};
  AddPower(views[0], "powercap", "package", 30);
  AddPower(views[1], "powercap", "package", 31);
  const std::optional<MeasuredPower> power = MeasurePower(views);
  ASSERT_TRUE(power.has_value());
  EXPECT_EQ(power->watts, 31);
  EXPECT_EQ(power->label.scope, "package");
}

TEST(MeasurePowerTest, AddsThoseOfProcesses) {
  std::vector<WorkerPool::View> views = {View(), View()};
  AddPower(views[0], "rusage", "process", 3);
  AddPower(views[1], "rusage", "process", 4);
  EXPECT_EQ(MeasurePower(views)->watts, 7);
}

TEST(MeasurePowerTest, PrefersTheWholeChip) {
  std::vector<WorkerPool::View> views = {View()};
  AddPower(views[0], "powercap", "package share", 2);
  AddPower(views[0], "rusage", "process", 3);
  AddPower(views[0], "powercap", "core", 20);
  AddPower(views[0], "ioreport", "cpu", 25);
  EXPECT_EQ(MeasurePower(views)->label.source, "ioreport");
}

TEST(MeasurePowerTest, TellsNothingWhereNobodyHasToldAPower) {
  std::vector<WorkerPool::View> views = {View(), {.name = "down"}};
  EXPECT_FALSE(MeasurePower(views).has_value());
  views[0].status->add_energy()->mutable_energy()->set_joules(5);  // No interval yet.
  EXPECT_FALSE(MeasurePower(views).has_value());
}

TEST(AllotTest, GivesOneToEachThenFillsEfficiencyCores) {
  const std::vector<WorkerRoom> workers = {{8, CoreKind::kPerformance}, {4, CoreKind::kEfficiency}};
  EXPECT_EQ(Allot(workers, 0), (std::vector<int>{1, 1}));
  EXPECT_EQ(Allot(workers, 4), (std::vector<int>{1, 3}));
  EXPECT_EQ(Allot(workers, 7), (std::vector<int>{3, 4}));
  EXPECT_EQ(Allot(workers, 100), (std::vector<int>{8, 4}));
}

TEST(AllotTest, DealsToWorkersOfAKindInTurn) {
  const std::vector<WorkerRoom> workers = {{4}, {2}, {4}};
  EXPECT_EQ(Allot(workers, 5), (std::vector<int>{2, 2, 1}));
  EXPECT_EQ(Allot(workers, 8), (std::vector<int>{3, 2, 3}));
}

// A budget, and a machine that does as it says at once.
class PowerBudgetTest : public testing::Test {
 protected:
  PowerBudgetTest() { load_.most = 16; }
  // So many seconds with the load as it is, of which no more runs than may.
  void Pass(int seconds, double watts_each, double demand = 16) {
    for (int i = 0; i < seconds; ++i) {
      load_.running = std::min<double>(demand, budget_.sequences().value_or(load_.most));
      load_.waiting = demand - load_.running;
      load_.watts = idle_watts_ + watts_each * load_.running;
      budget_.Observe(now_ += absl::Seconds(1), load_);
    }
  }

  static constexpr double kCeiling = 30;
  PowerBudget budget_{kCeiling};
  PowerLoad load_;
  double idle_watts_ = 4;
  absl::Time now_ = kStart;
};

TEST_F(PowerBudgetTest, AllowsEverythingBelowTheCeiling) {
  Pass(600, 1.5);  // 28 W.
  EXPECT_EQ(budget_.sequences(), std::nullopt);
  EXPECT_EQ(budget_.performance_weight(), 1);
}

TEST_F(PowerBudgetTest, GoesDownInProportionAfterTenSeconds) {
  Pass(10, 3);  // 52 W.
  EXPECT_EQ(budget_.sequences(), std::nullopt);
  Pass(1, 3);
  EXPECT_EQ(budget_.sequences(), 8);  // 16 * 0.95 * 30 / 52
  Pass(120, 3);
  EXPECT_EQ(budget_.sequences(), 8);  // 28 W; 9 would take 31.
}

TEST_F(PowerBudgetTest, GoesOnOneByOneWhereThatDoesNotDo) {
  idle_watts_ = 29.05;
  Pass(120, 0.1);
  EXPECT_EQ(budget_.sequences(), 9);  // 29.95 W.
}

TEST_F(PowerBudgetTest, AlwaysAllowsTheLeast) {
  load_.least = 2;
  Pass(600, 100);
  EXPECT_EQ(budget_.sequences(), 2);
}

TEST_F(PowerBudgetTest, WaitsForAnswersThatHaveBegun) {
  Pass(11, 3);
  ASSERT_EQ(budget_.sequences(), 8);
  load_.running = 16;
  load_.watts = 52;
  for (int i = 0; i < 120; ++i) budget_.Observe(now_ += absl::Seconds(1), load_);
  EXPECT_EQ(budget_.sequences(), 8);
}

TEST_F(PowerBudgetTest, ComesBackAMinuteAfterItWentDown) {
  Pass(11, 3);
  ASSERT_EQ(budget_.sequences(), 8);
  Pass(12, 3);
  Pass(48, 0.5);
  EXPECT_EQ(budget_.sequences(), 8);
  Pass(12, 0.5);
  EXPECT_EQ(budget_.sequences(), 9);
  Pass(120, 0.5);
  EXPECT_EQ(budget_.sequences(), std::nullopt);
}

TEST_F(PowerBudgetTest, KeepsWhatItHasLearntWhileNobodyWaits) {
  Pass(11, 3);
  ASSERT_EQ(budget_.sequences(), 8);
  Pass(3600, 3, 2);
  EXPECT_EQ(budget_.sequences(), 8);
}

TEST_F(PowerBudgetTest, TriesAgainAfterAQuarterOfAnHourWhereThatRisksLittle) {
  idle_watts_ = 20;
  Pass(11, 0.7);  // 31.2 W.
  ASSERT_EQ(budget_.sequences(), 14);
  Pass(800, 0.64);  // Less than before, but too little to be sure; 15 would take 29.6 W.
  EXPECT_EQ(budget_.sequences(), 14);
  Pass(300, 0.64);
  EXPECT_EQ(budget_.sequences(), 15);
}

TEST_F(PowerBudgetTest, GoesNeitherUpNorDownForWhatOthersTake) {
  load_.running = 0;
  load_.watts = 100;
  for (int i = 0; i < 600; ++i) budget_.Observe(now_ += absl::Seconds(1), load_);
  EXPECT_EQ(budget_.sequences(), std::nullopt);
}

TEST_F(PowerBudgetTest, MovesWorkToEfficiencyCoresBeforeBatchesShrink) {
  load_.can_shift = true;
  Pass(11, 3);
  EXPECT_LT(budget_.performance_weight(), 0.1);
  EXPECT_EQ(budget_.sequences(), std::nullopt);
  Pass(30, 3);
  EXPECT_EQ(budget_.sequences(), std::nullopt);  // Answers on performance cores are given time.
  Pass(12, 3);
  EXPECT_EQ(budget_.sequences(), 8);
}

TEST_F(PowerBudgetTest, GivesPerformanceCoresTheirShareBackAtLast) {
  load_.can_shift = true;
  Pass(60, 3);
  ASSERT_EQ(budget_.sequences(), 8);
  Pass(240, 0.5);
  EXPECT_EQ(budget_.sequences(), std::nullopt);
  EXPECT_LT(budget_.performance_weight(), 1);
  Pass(120, 0.5, 4);  // As then, a quarter as much would take 13 W.
  EXPECT_EQ(budget_.performance_weight(), 1);
}

TEST(PowerCapTest, TellsEachWorkerWhatItMay) {
  std::vector<WorkerPool::View> views = {View(CoreKind::kPerformance),
                                         View(CoreKind::kEfficiency),
                                         {.name = "down", .kind = CoreKind::kPerformance}};
  AddPower(views[0], "powercap", "package", 60);
  views[0].status->set_running(16);
  views[1].status->set_running(16);
  PowerCap cap(30);
  std::vector<WorkerAllowance> allowed;
  for (int i = 0; i <= 10; ++i) allowed = cap.Sample(views, absl::Seconds(1));
  EXPECT_LT(allowed[0].weight, 1);
  EXPECT_EQ(allowed[1], WorkerAllowance());
  EXPECT_LT(allowed[2].weight, 1);
  for (int i = 0; i <= 40; ++i) allowed = cap.Sample(views, absl::Seconds(1));
  EXPECT_EQ(allowed[0].sequences, 1);
  EXPECT_EQ(allowed[1].sequences, 13);  // Of 15, 32 * 0.95 * 30 / 60.
  EXPECT_EQ(allowed[2].sequences, 1);
}

TEST(PowerCapTest, LeavesItAsItWasWhileNothingIsMeasured) {
  std::vector<WorkerPool::View> views = {View()};
  AddPower(views[0], "powercap", "package", 60);
  views[0].status->set_running(16);
  PowerCap cap(30);
  for (int i = 0; i <= 10; ++i) cap.Sample(views, absl::Seconds(1));
  views[0].status->clear_energy();
  for (int i = 0; i <= 1000; ++i) {
    EXPECT_EQ(cap.Sample(views, absl::Seconds(1))[0].sequences, 7);
  }
  EXPECT_FALSE(cap.measured().has_value());
}

TEST(PowerCapTest, ShowsTheCeilingAndWhatIsMeasured) {
  PowerCap cap(30);
  EXPECT_NE(MetricsText(PowerFamilies(cap)).find("bitnet_power_cap_watts 30\n"), std::string::npos);
  EXPECT_EQ(MetricsText(PowerFamilies(cap)).find("measured"), std::string::npos);
  std::vector<WorkerPool::View> views = {View()};
  AddPower(views[0], "powercap", "package", 12.5);
  cap.Sample(views, absl::Seconds(1));
  const std::string text = MetricsText(PowerFamilies(cap));
  EXPECT_NE(text.find("bitnet_power_cap_measured_watts{source=\"powercap\",scope=\"package\"} 12.5\n"),
            std::string::npos)
      << text;
}

TEST(CheckPowerIsMeasuredTest, RefusesAMachineWithoutACounterAndTellsWhatWasLookedFor) {
  FakeRoot root;
  const absl::Status status = CheckPowerIsMeasured({.root = root.path()});
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_NE(status.message().find("powercap"), std::string::npos) << status;
}

TEST(CheckPowerIsMeasuredTest, TakesAMachineWithOne) {
  FakeRoot root;
  root.Write("/sys/class/powercap/intel-rapl:0/name", "package-0");
  root.Write("/sys/class/powercap/intel-rapl:0/max_energy_range_uj", "262143328850");
  root.Write("/sys/class/powercap/intel-rapl:0/energy_uj", "1000");
  EXPECT_TRUE(CheckPowerIsMeasured({.root = root.path()}).ok());
}

}  // namespace
}  // namespace bitnet
