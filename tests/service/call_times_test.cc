#include "service/rpc/call_times.h"

#include <gtest/gtest.h>

#include "service/rpc/outbox.h"

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

TEST(CallTimesTest, TheEndIsDueOnce) {
  CallTimes times({.heartbeat = absl::ZeroDuration()}, At(0));
  EXPECT_EQ(times.next(), absl::InfiniteFuture()) << "no heartbeat was wanted";
  times.EndAt(At(7));
  EXPECT_EQ(times.next(), At(7));
  EXPECT_TRUE(times.EndDue(At(7)));
  times.OnEnded();
  EXPECT_EQ(times.next(), absl::InfiniteFuture());
}

TEST(OutboxTest, ToldThatThereIsNothingOnlyWhereThereIsNothing) {
  Outbox outbox;
  v1::GenerateResponse next;
  outbox.Start({});
  outbox.Wait({});
  ASSERT_TRUE(outbox.Take(next));
  EXPECT_TRUE(next.has_started());
  ASSERT_TRUE(outbox.Take(next));
  EXPECT_TRUE(next.has_waiting());
  EXPECT_FALSE(outbox.Take(next));
  outbox.Wait({});
  outbox.AddText("a");
  ASSERT_TRUE(outbox.Take(next));
  EXPECT_TRUE(next.has_delta());
  EXPECT_FALSE(outbox.Take(next));
}

TEST(OutboxTest, JoinsWhatWaitsIntoOneDeltaAndMeasuresIt) {
  Outbox outbox;
  outbox.AddText("ab");
  outbox.AddText("cd");
  v1::Token token;
  token.set_id(7);
  outbox.AddToken(token);
  EXPECT_EQ(outbox.pending_bytes(), 4 + token.ByteSizeLong());
  v1::GenerateResponse next;
  ASSERT_TRUE(outbox.Take(next));
  EXPECT_EQ(next.delta().text(), "abcd");
  EXPECT_EQ(next.delta().tokens_size(), 1);
  EXPECT_EQ(outbox.pending_bytes(), 0u);
}

}  // namespace
}  // namespace bitnet
