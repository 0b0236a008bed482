#include "bench/serve/load_plan.h"

#include <gtest/gtest.h>

#include <map>

namespace bitnet {
namespace {

const LoadPlan kPlan = {
    .requests = 4000, .rate = 50, .prompt_tokens = {16, 512}, .max_tokens = {8, 64, 128}, .seed = 1};

TEST(LoadPlanTest, ArrivesAtTheRateWithExponentialGaps) {
  const std::vector<PlannedCall> calls = PlanCalls(kPlan);
  ASSERT_EQ(calls.size(), 4000u);
  // 80 s, with a standard deviation of sqrt(4000) / 50 = 1.3.
  EXPECT_NEAR(calls.back().seconds, 80, 6.5);
  int short_gaps = 0;  // Below the median of an exponential distribution, log(2) / rate: half, +- 32.
  for (size_t i = 1; i < calls.size(); ++i) {
    EXPECT_GT(calls[i].seconds, calls[i - 1].seconds);
    short_gaps += calls[i].seconds - calls[i - 1].seconds < 0.693147 / 50;
  }
  EXPECT_NEAR(short_gaps, 2000, 160);
}

TEST(LoadPlanTest, DrawsLengthsEquallyOften) {
  std::map<int, int> prompts, answers;
  for (const PlannedCall& call : PlanCalls(kPlan)) {
    ++prompts[call.prompt_tokens];
    ++answers[call.max_tokens];
  }
  EXPECT_EQ(prompts.size(), 2u);
  EXPECT_NEAR(prompts[512], 2000, 160);
  EXPECT_EQ(answers.size(), 3u);
  EXPECT_NEAR(answers[64], 1333, 150);
}

TEST(LoadPlanTest, IsTheSameForTheSameSeedOnly) {
  LoadPlan other = kPlan;
  other.seed = 2;
  EXPECT_EQ(PlanCalls(kPlan)[7].seconds, PlanCalls(kPlan)[7].seconds);
  EXPECT_NE(PlanCalls(kPlan)[7].seconds, PlanCalls(other)[7].seconds);
}

TEST(LoadPlanTest, HasEverythingReadyWithoutARate) {
  LoadPlan plan = kPlan;
  plan.rate = 0;
  EXPECT_EQ(PlanCalls(plan).back().seconds, 0);
}

}  // namespace
}  // namespace bitnet
