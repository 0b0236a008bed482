#include "base/sensors/energy_shares.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <random>

namespace bitnet {
namespace {

constexpr absl::Duration kStep = absl::Milliseconds(10);

TEST(EnergySharesTest, DividesAStepByTokens) {
  EnergyShares shares(8);
  EnergyAccount prompt;
  EnergyAccount answer;
  shares.Idle(100, absl::ZeroDuration());
  shares.AddTokens(prompt, 9);
  shares.AddTokens(answer, 1);
  shares.EndStep(102, kStep);
  EXPECT_DOUBLE_EQ(shares.Close(prompt).value(), 1.8);
  EXPECT_DOUBLE_EQ(shares.Close(answer).value(), 0.2);
}

TEST(EnergySharesTest, BeginsWhereTheCounterIs) {
  EnergyShares shares(8);
  EnergyAccount answer;
  shares.AddTokens(answer, 1);
  shares.EndStep(5000, kStep);
  EXPECT_EQ(shares.charged_joules(), 0);
  EXPECT_EQ(shares.Close(answer), std::nullopt);  // Not zero: nothing is known of it.
}

TEST(EnergySharesTest, HasTokensWaitForASlowCounter) {
  EnergyShares shares(8);
  EnergyAccount a;
  EnergyAccount b;
  shares.Idle(0, absl::ZeroDuration());
  shares.AddTokens(a, 3);
  shares.EndStep(0, kStep);
  shares.AddTokens(b, 1);
  shares.EndStep(4, kStep);
  EXPECT_DOUBLE_EQ(a.joules, 3);
  EXPECT_DOUBLE_EQ(b.joules, 1);
}

TEST(EnergySharesTest, ChargesWhoLeavesEarlyWhatTokensCostLast) {
  EnergyShares shares(8);
  EnergyAccount early;
  EnergyAccount late;
  shares.Idle(0, absl::ZeroDuration());
  shares.AddTokens(early, 1);
  shares.AddTokens(late, 1);
  shares.EndStep(4, kStep);  // 2 J a token.
  shares.AddTokens(early, 1);
  shares.AddTokens(late, 1);
  shares.EndStep(4, kStep);
  EXPECT_DOUBLE_EQ(shares.Close(early).value(), 4);
  EXPECT_DOUBLE_EQ(shares.carried_joules(), -2);
  shares.AddTokens(late, 1);
  shares.EndStep(9, kStep);
  EXPECT_DOUBLE_EQ(shares.Close(late).value(), 5);  // All that the other did not pay.
  EXPECT_DOUBLE_EQ(shares.charged_joules(), 9);
}

TEST(EnergySharesTest, PaysBackWhatWasChargedInAdvanceBitByBit) {
  EnergyShares shares(8);
  EnergyAccount a;
  EnergyAccount b;
  shares.Idle(0, absl::ZeroDuration());
  shares.AddTokens(a, 1);
  shares.EndStep(10, kStep);
  shares.AddTokens(a, 1);
  shares.EndStep(10, kStep);
  shares.Close(a);  // 10 J in advance, far too much.
  shares.AddTokens(b, 1);
  shares.EndStep(13, kStep);
  EXPECT_DOUBLE_EQ(b.joules, 0.75);  // Half of what each of the two tokens cost.
  EXPECT_DOUBLE_EQ(shares.carried_joules(), 13 - 20 - 0.75);
}

TEST(EnergySharesTest, KeepsIdleEnergyApart) {
  EnergyShares shares(8);
  EnergyAccount answer;
  shares.Idle(0, absl::ZeroDuration());
  shares.AddTokens(answer, 1);
  shares.EndStep(5, kStep);
  shares.Idle(8, absl::Seconds(1));
  shares.AddTokens(answer, 1);
  shares.EndStep(9, kStep);
  EXPECT_DOUBLE_EQ(shares.Close(answer).value(), 6);
  EXPECT_DOUBLE_EQ(shares.idle_joules(), 3);
}

TEST(EnergySharesTest, SplitsByTimeWhatASlowCounterShowsTogether) {
  EnergyShares shares(8);
  EnergyAccount answer;
  shares.Idle(0, absl::ZeroDuration());
  shares.AddTokens(answer, 1);
  shares.EndStep(0, absl::Milliseconds(250));
  shares.Idle(4, absl::Milliseconds(750));
  EXPECT_DOUBLE_EQ(shares.idle_joules(), 3);
  EXPECT_DOUBLE_EQ(answer.joules, 1);
}

TEST(EnergySharesTest, CarriesForwardWhatNobodyWaitsFor) {
  EnergyShares shares(8);
  EnergyAccount first;
  EnergyAccount second;
  shares.Idle(0, absl::ZeroDuration());
  shares.AddTokens(first, 1);
  shares.EndStep(0, kStep);
  EXPECT_EQ(shares.Close(first), std::nullopt);
  shares.Idle(6, absl::ZeroDuration());  // All of it from the step.
  EXPECT_DOUBLE_EQ(shares.carried_joules(), 6);
  shares.AddTokens(second, 1);
  shares.EndStep(7, kStep);
  EXPECT_DOUBLE_EQ(second.joules, 2);  // It costs 1, and takes as much again of what is left.
  EXPECT_DOUBLE_EQ(shares.carried_joules(), 5);
}

// A chip that takes 2 W, and 8 more in a step, whose counter shows what it has counted every `update`.
class Chip {
 public:
  explicit Chip(absl::Duration update) : update_(update) {}
  void Run(absl::Duration time, bool busy) {
    now_ += time;
    joules_ += (busy ? 10.0 : 2.0) * absl::ToDoubleSeconds(time);
    if (now_ - shown_at_ >= update_) {
      shown_at_ = now_;
      shown_ = joules_;
    }
  }
  double counter() const { return shown_; }
  double joules() const { return joules_; }

 private:
  const absl::Duration update_;
  absl::Duration now_, shown_at_;
  double joules_ = 0;
  double shown_ = 0;
};

class SlowCounterTest : public testing::TestWithParam<absl::Duration> {};

TEST_P(SlowCounterTest, SumsUpToTheCounter) {
  Chip chip(GetParam());
  EnergyShares shares(16);
  std::mt19937 rng(7);
  double sum = 0;
  int unmeasured = 0;
  std::vector<std::unique_ptr<EnergyAccount>> running;
  shares.Idle(chip.counter(), absl::ZeroDuration());
  for (int step = 0; step < 20000; ++step) {
    while (running.size() < 1 + rng() % 8) running.push_back(std::make_unique<EnergyAccount>());
    for (const auto& account : running) shares.AddTokens(*account, 1 + rng() % 40);
    const absl::Duration time = absl::Microseconds(500 + rng() % 20000);
    chip.Run(time, true);
    shares.EndStep(chip.counter(), time);
    while (!running.empty() && rng() % 16 == 0) {
      const std::optional<double> joules = shares.Close(*running.front());
      sum += joules.value_or(0);
      unmeasured += joules.has_value() ? 0 : 1;
      running.erase(running.begin());
    }
  }
  for (const auto& account : running) sum += shares.Close(*account).value_or(0);
  EXPECT_NEAR(sum, chip.joules(), chip.joules() * 0.01);
  EXPECT_NEAR(sum, shares.charged_joules(), 1e-6);
  EXPECT_LT(unmeasured, 32);  // Those before the counter moved for the first time.
}

TEST_P(SlowCounterTest, AccountsForIdleTimeAsWell) {
  Chip chip(GetParam());
  EnergyShares shares(16);
  std::mt19937 rng(11);
  shares.Idle(chip.counter(), absl::ZeroDuration());
  for (int i = 0; i < 2000; ++i) {
    const absl::Duration pause = absl::Microseconds(rng() % 30000);
    chip.Run(pause, false);
    shares.Idle(chip.counter(), pause);
    EnergyAccount account;
    for (int step = 0; step < 5; ++step) {
      shares.AddTokens(account, 4);
      chip.Run(kStep, true);
      shares.EndStep(chip.counter(), kStep);
    }
    shares.Close(account);
  }
  const double counted = shares.charged_joules() + shares.carried_joules() + shares.idle_joules();
  EXPECT_NEAR(counted, chip.counter(), 1e-6);
  EXPECT_LT(std::abs(shares.carried_joules()), chip.counter() * 0.01);
}

INSTANTIATE_TEST_SUITE_P(Updates, SlowCounterTest,
                         testing::Values(absl::ZeroDuration(), absl::Milliseconds(1), absl::Milliseconds(15),
                                         absl::Milliseconds(250), absl::Seconds(1)),
                         [](const auto& update) {
                           return std::to_string(absl::ToInt64Milliseconds(update.param)) + "ms";
                         });

}  // namespace
}  // namespace bitnet
