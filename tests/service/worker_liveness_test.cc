#include "service/router/worker_liveness.h"

#include <gtest/gtest.h>

namespace bitnet {
namespace {

constexpr LivenessLimits kLimits = {.silence = absl::Seconds(10), .step = absl::Seconds(60)};
constexpr absl::Duration kSecond = absl::Seconds(1);

TEST(WorkerLivenessTest, IsStalledAfterSoMuchSilence) {
  WorkerLiveness liveness;
  for (int i = 0; i < 9; ++i) liveness.OnSilence(kSecond);
  EXPECT_TRUE(liveness.stale());
  EXPECT_FALSE(liveness.Stalled(kLimits).has_value());
  liveness.OnSilence(kSecond);
  EXPECT_EQ(liveness.Stalled(kLimits), "it did not answer for 10s");
}

TEST(WorkerLivenessTest, IsForgivenItsSilenceWhenItAnswers) {
  WorkerLiveness liveness;
  for (int i = 0; i < 9; ++i) liveness.OnSilence(kSecond);
  liveness.OnStatus(1, false, kSecond);
  EXPECT_FALSE(liveness.stale());
  for (int i = 0; i < 9; ++i) liveness.OnSilence(kSecond);
  EXPECT_FALSE(liveness.Stalled(kLimits).has_value());
}

TEST(WorkerLivenessTest, IsStalledWhenNoStepEndsWhileThereIsWork) {
  WorkerLiveness liveness;
  liveness.OnStatus(5, true, kSecond);
  for (int i = 0; i < 60; ++i) liveness.OnStatus(5, true, kSecond);
  EXPECT_EQ(liveness.Stalled(kLimits), "it had requests and finished no step for 1m");
  liveness.OnStatus(6, true, kSecond);
  EXPECT_FALSE(liveness.Stalled(kLimits).has_value());
}

TEST(WorkerLivenessTest, MayDoNothingWhileThereIsNothingToDo) {
  WorkerLiveness liveness;
  for (int i = 0; i < 1000; ++i) liveness.OnStatus(5, false, kSecond);
  EXPECT_FALSE(liveness.Stalled(kLimits).has_value());
}

TEST(WorkerLivenessTest, TellsHowOldTheLastStepIs) {
  WorkerLiveness liveness;
  liveness.OnStatus(5, true, kSecond);
  EXPECT_EQ(liveness.step_age(), absl::ZeroDuration());
  liveness.OnStatus(5, true, kSecond);
  liveness.OnSilence(kSecond);
  EXPECT_EQ(liveness.step_age(), 2 * kSecond);
  liveness.OnStatus(6, true, kSecond);
  EXPECT_EQ(liveness.step_age(), absl::ZeroDuration());
  liveness.OnStatus(6, false, kSecond);  // It has nothing to do.
  EXPECT_EQ(liveness.step_age(), absl::ZeroDuration());
}

}  // namespace
}  // namespace bitnet
