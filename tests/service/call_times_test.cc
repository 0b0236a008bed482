#include "service/rpc/call_times.h"

#include <gtest/gtest.h>

namespace bitnet {
namespace {

constexpr CallTimeLimits kLimits = {.heartbeat = absl::Seconds(10), .slow_reader = absl::Seconds(60)};

absl::Time At(int seconds) { return absl::UnixEpoch() + absl::Seconds(seconds); }

TEST(CallTimesTest, ABeatIsDueAfterSilenceAndNotWhileSomethingIsWritten) {
  CallTimes times(kLimits, At(0));
  EXPECT_EQ(times.next(), At(10));
  EXPECT_FALSE(times.BeatDue(At(9)));
  EXPECT_TRUE(times.BeatDue(At(10)));
  times.OnWriteStarted(At(5));
  EXPECT_FALSE(times.BeatDue(At(30)));
  times.OnWriteDone(At(6));
  EXPECT_EQ(times.next(), At(16));
  times.OnBeat(At(16));
  EXPECT_EQ(times.next(), At(26));
}

TEST(CallTimesTest, AReaderIsDueWhoTakesNothingAndOnceMoreAPeriodLater) {
  CallTimes times(kLimits, At(0));
  times.OnWriteStarted(At(5));
  EXPECT_EQ(times.next(), At(65));
  EXPECT_FALSE(times.ReaderDue(At(64)));
  EXPECT_TRUE(times.ReaderDue(At(65)));
  times.OnReaderGivenUp(At(65));
  EXPECT_EQ(times.next(), At(125));
  times.OnWriteDone(At(70));
  EXPECT_FALSE(times.ReaderDue(At(1000)));
}

TEST(CallTimesTest, NothingIsDueWithoutAHeartbeat) {
  const CallTimes times({.heartbeat = absl::ZeroDuration()}, At(0));
  EXPECT_EQ(times.next(), absl::InfiniteFuture());
}

}  // namespace
}  // namespace bitnet
