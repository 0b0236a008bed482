#include "engine/scheduler/prefill_pace.h"

#include <gtest/gtest.h>

namespace bitnet {
namespace {

TEST(PrefillPaceTest, ReadsWholeChunksWhereNobodyWaits) {
  PrefillPace pace(absl::Milliseconds(200), 256);
  EXPECT_EQ(pace.Budget(false), 256u);
  pace.Learn(256, absl::Seconds(3));
  EXPECT_EQ(pace.Budget(false), 256u);
}

TEST(PrefillPaceTest, EndsStepsInTime) {
  PrefillPace pace(absl::Milliseconds(200), 256);
  pace.Learn(100, absl::Seconds(1));
  EXPECT_EQ(pace.Budget(true), 20u);
}

TEST(PrefillPaceTest, BeginsWithFewTokens) {
  EXPECT_EQ(PrefillPace(absl::Milliseconds(200), 256).Budget(true), 8u);
}

TEST(PrefillPaceTest, GetsOnHoweverSlowAndKeepsToTheChunkHoweverFast) {
  PrefillPace slow(absl::Milliseconds(200), 256);
  slow.Learn(100, absl::Seconds(1000));
  EXPECT_EQ(slow.Budget(true), 8u);
  PrefillPace fast(absl::Milliseconds(200), 256);
  fast.Learn(100, absl::Nanoseconds(1));
  EXPECT_EQ(fast.Budget(true), 256u);
  EXPECT_EQ(PrefillPace(absl::Milliseconds(200), 3).Budget(true), 3u);
}

TEST(PrefillPaceTest, FollowsASlowerMachine) {
  PrefillPace pace(absl::Milliseconds(200), 256);
  pace.Learn(100, absl::Seconds(1));
  for (int i = 0; i < 30; ++i) pace.Learn(100, absl::Seconds(2));
  EXPECT_EQ(pace.Budget(true), 10u);
}

TEST(PrefillPaceTest, IsOffWithoutATime) {
  PrefillPace pace(absl::ZeroDuration(), 256);
  pace.Learn(100, absl::Seconds(100));
  EXPECT_EQ(pace.Budget(true), 256u);
}

}  // namespace
}  // namespace bitnet
