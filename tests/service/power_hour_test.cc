// What the ceiling of power does in an hour, on a chip that is computed.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/power/power_cap.h"
#include "tests/service/hour.h"
#include "tests/service/simulated_chip.h"

namespace bitnet {
namespace {

struct Chip {
  std::string name;
  std::vector<SimulatedChip::Cluster> clusters;
};
void PrintTo(const Chip& chip, std::ostream* out) { *out << chip.name; }

const Chip kAlike = {"Alike", {{.capacity = 16, .watts = 3}}};
// Efficiency cores take three times as long for an answer, and less than half of its joules.
const Chip kHybrid = {"Hybrid",
                      {{.kind = CoreKind::kPerformance, .capacity = 12, .watts = 4},
                       {.kind = CoreKind::kEfficiency, .capacity = 12, .watts = 0.6, .speed = 0.33}}};
struct Load {
  std::string name;
  double busy;   // Answers that come in a second, in the first quarter of an hour and in the third,
  double quiet;  // and in the others.
};
void PrintTo(const Load& load, std::ostream* out) { *out << load.name; }

class PowerHoursTest : public testing::TestWithParam<std::tuple<Chip, Load, double, unsigned>> {};

// As the workers of the chip would tell it.
std::vector<WorkerPool::View> ViewsOf(const SimulatedChip& chip) {
  std::vector<WorkerPool::View> views;
  for (const SimulatedChip::Cluster& cluster : chip.clusters()) {
    WorkerPool::View view = {.name = "W", .kind = cluster.kind, .up = true};
    view.status.emplace();
    view.status->set_running(static_cast<uint32_t>(cluster.running()));
    view.status->set_waiting(static_cast<uint32_t>(cluster.waiting_work.size()));
    view.status->set_max_sequences(static_cast<uint32_t>(cluster.capacity));
    worker::v1::EnergyTotal& total = *view.status->add_energy();
    total.mutable_energy()->set_source("powercap");
    total.mutable_energy()->set_scope("package");
    total.set_watts(chip.watts());
    views.push_back(std::move(view));
  }
  return views;
}

// The ceiling holds on the mean of five minutes, as the alert has it, from the end of the third minute on:
// the first ones are for answers that had begun before anything was known of what they take.
TEST_P(PowerHoursTest, HoldsTheCeilingAndTurnsAtMostOnceAMinute) {
  const auto& [kind, load, ceiling, seed] = GetParam();
  SimulatedChip chip(kind.clusters, seed);
  PowerCap cap(ceiling);
  Turns weight(1);
  Turns limit(chip.capacity());
  MovingMean five_minutes(300);
  Course course;
  double highest = 0;
  double busy_watts = 0;
  int busy_seconds = 0;
  for (int second = 0; second < 3600; ++second) {
    chip.Run(second / 900 % 2 == 0 ? load.busy : load.quiet);
    const std::vector<WorkerAllowance> allowed = cap.Sample(ViewsOf(chip), absl::Seconds(1));
    chip.Allow(allowed);
    double least_weight = 1;
    int sequences = 0;
    for (size_t i = 0; i < allowed.size(); ++i) {
      least_weight = std::min(least_weight, allowed[i].weight);
      sequences += allowed[i].sequences.value_or(chip.clusters()[i].capacity);
    }
    weight.Observe(second, least_weight);
    limit.Observe(second, sequences);
    if (second >= 180) {
      five_minutes.Add(chip.watts());
      highest = five_minutes.full() ? std::max(highest, five_minutes.mean()) : highest;
    }
    if (second >= 180 && chip.waiting() > 0) {
      busy_watts += chip.watts();
      ++busy_seconds;
    }
    course.Add(second, {{"watts", chip.watts()},
                        {"ceiling", ceiling},
                        {"celsius", chip.celsius()},
                        {"running", chip.running()},
                        {"limit", sequences},
                        {"waiting", chip.waiting()},
                        {"weight_percent", 100 * least_weight}});
  }
  EXPECT_LE(highest, ceiling);
  EXPECT_GE(weight.shortest(), 60);
  EXPECT_GE(limit.shortest(), 60);
  EXPECT_GE(busy_watts / busy_seconds, 0.7 * ceiling);  // A ceiling is easily held by doing nothing.
}

std::string NameOf(const testing::TestParamInfo<PowerHoursTest::ParamType>& info) {
  const auto& [chip, load, ceiling, seed] = info.param;
  return absl::StrCat(chip.name, load.name, ceiling, "WSeed", seed);
}

INSTANTIATE_TEST_SUITE_P(Hours, PowerHoursTest,
                         testing::Combine(testing::Values(kAlike),
                                          testing::Values(Load{"Bursts", 1.5, 0.2}, Load{"Steady", 0.6, 0.6}),
                                          testing::Values(20, 30, 40), testing::Range(1U, 5U)),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(HybridHours, PowerHoursTest,
                         testing::Combine(testing::Values(kHybrid),
                                          testing::Values(Load{"Bursts", 0.7, 0.1}, Load{"Steady", 0.4, 0.4}),
                                          testing::Values(15, 25, 40), testing::Range(1U, 5U)),
                         NameOf);

// As of a processor that one answer keeps busy already: the others cost next to nothing.
TEST(PowerHourTest, GivesBackWhatAnotherProgramTookOnceThatHasEnded) {
  SimulatedChip chip({{.capacity = 16, .watts = 0.2}}, 1);
  PowerCap cap(10);
  int fewest = 16;
  std::optional<int> last;
  for (int second = 0; second < 3600; ++second) {
    chip.set_other_watts(second >= 600 && second < 1200 ? 7 : 0);
    chip.Run(1);
    const std::vector<WorkerAllowance> allowed = cap.Sample(ViewsOf(chip), absl::Seconds(1));
    chip.Allow(allowed);
    last = allowed[0].sequences;
    EXPECT_TRUE(second >= 600 || last == std::nullopt) << second;
    fewest = std::min(fewest, last.value_or(16));
  }
  EXPECT_EQ(fewest, 1);
  EXPECT_EQ(last, std::nullopt);
}

}  // namespace
}  // namespace bitnet
