#include "service/admission/drain_rate.h"

#include <gtest/gtest.h>

namespace bitnet {
namespace {

class DrainRateTest : public testing::Test {
 protected:
  void Pass(absl::Duration time, bool waiting) {
    now_ += time;
    rate_.AdvanceTo(now_, waiting);
  }

  absl::Time now_ = absl::UnixEpoch();
  DrainRate rate_;
};

TEST_F(DrainRateTest, CountsOnlySecondsWithAQueue) {
  Pass(absl::ZeroDuration(), false);
  EXPECT_EQ(rate_.requests_per_second(), 0);
  Pass(absl::Hours(1), false);
  Pass(absl::Seconds(4), true);
  rate_.Count(200);
  EXPECT_DOUBLE_EQ(rate_.requests_per_second(), 0.25);
  EXPECT_DOUBLE_EQ(rate_.tokens_per_second(), 50);
}

TEST_F(DrainRateTest, FollowsTheNewestAndForgetsTheOld) {
  Pass(absl::ZeroDuration(), true);
  for (int i = 0; i < 100; ++i) {
    Pass(absl::Seconds(10), true);
    rate_.Count(10);
  }
  EXPECT_NEAR(rate_.tokens_per_second(), 1, 0.01);
  for (int i = 0; i < 1000; ++i) {
    Pass(absl::Seconds(1), true);
    rate_.Count(10);
  }
  EXPECT_NEAR(rate_.tokens_per_second(), 10, 0.01);
}

TEST_F(DrainRateTest, FollowsTheShareOfWorkAtOnceAndCountsItOnce) {
  Pass(absl::ZeroDuration(), true);
  for (int i = 0; i < 100; ++i) {
    Pass(absl::Seconds(1), true);
    rate_.Count(100);
  }
  ASSERT_NEAR(rate_.tokens_per_second(), 100, 1e-9);
  rate_.SetShare(0.5);
  EXPECT_NEAR(rate_.tokens_per_second(), 50, 1e-9);
  // It was so: what is measured says the same.
  for (int i = 0; i < 100; ++i) {
    Pass(absl::Seconds(1), true);
    rate_.Count(50);
    EXPECT_NEAR(rate_.tokens_per_second(), 50, 1e-9);
  }
  // It is not so any more, and what is measured is right in the end.
  for (int i = 0; i < 1000; ++i) {
    Pass(absl::Seconds(1), true);
    rate_.Count(80);
  }
  EXPECT_NEAR(rate_.tokens_per_second(), 80, 0.01);
}

TEST_F(DrainRateTest, SlowsDownWhileNothingLeavesAndForgetsNothing) {
  Pass(absl::ZeroDuration(), true);
  Pass(absl::Seconds(30), true);
  rate_.Count(3000);
  Pass(absl::Seconds(120), true);
  EXPECT_DOUBLE_EQ(rate_.tokens_per_second(), 20);  // Of 100 before.
}

}  // namespace
}  // namespace bitnet
