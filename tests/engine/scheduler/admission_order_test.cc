#include "engine/scheduler/admission_order.h"

#include <gtest/gtest.h>

namespace bitnet {
namespace {

using Clock = AdmissionOrder::Clock;

Clock::time_point At(int second) { return Clock::time_point(std::chrono::seconds(second)); }

TEST(AdmissionOrderTest, OrdersByClassThenByArrival) {
  const AdmissionOrder order(absl::Seconds(10));
  const Rank interactive = order.RankOf(Priority::kInteractive, At(3), 4);
  const Rank first = order.RankOf(Priority::kNormal, At(0), 1);
  const Rank second = order.RankOf(Priority::kNormal, At(0), 2);
  const Rank third = order.RankOf(Priority::kNormal, At(1), 3);
  const Rank background = order.RankOf(Priority::kBackground, At(0), 0);
  EXPECT_LT(interactive, first);
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  EXPECT_LT(third, background);
}

TEST(AdmissionOrderTest, LetsWhoWaitsRise) {
  const AdmissionOrder order(absl::Seconds(10));
  const Rank background = order.RankOf(Priority::kBackground, At(100), 0);
  EXPECT_LT(order.RankOf(Priority::kNormal, At(109), 1), background);
  EXPECT_LT(background, order.RankOf(Priority::kNormal, At(111), 2));
  EXPECT_LT(order.RankOf(Priority::kInteractive, At(119), 3), background);
  EXPECT_LT(background, order.RankOf(Priority::kInteractive, At(121), 4));
  EXPECT_EQ(order.ClassAt(At(100), background), Priority::kBackground);
  EXPECT_EQ(order.ClassAt(At(109), background), Priority::kBackground);
  EXPECT_EQ(order.ClassAt(At(110), background), Priority::kNormal);
  EXPECT_EQ(order.ClassAt(At(120), background), Priority::kInteractive);
  EXPECT_EQ(order.ClassAt(At(1000000), background), Priority::kInteractive);
}

TEST(AdmissionOrderTest, BeginsWithTheRequestsOwnClass) {
  for (const absl::Duration ageing : {absl::Nanoseconds(1), absl::Milliseconds(1), absl::Hours(24)}) {
    const AdmissionOrder order(ageing);
    for (const Priority priority : {Priority::kBackground, Priority::kNormal, Priority::kInteractive}) {
      EXPECT_EQ(order.ClassAt(At(5), order.RankOf(priority, At(5), 0)), priority);
    }
  }
}

}  // namespace
}  // namespace bitnet
