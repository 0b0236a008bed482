// What a client is told while its answer takes its time.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "tests/service/front_fixture.h"

namespace bitnet {
namespace {

class HeartbeatTest : public FrontTest {
 protected:
  HeartbeatTest() { options_.call_times.heartbeat = absl::Milliseconds(10); }

  // The events up to the second `waiting`; the call is cancelled then.
  std::vector<v1::GenerateResponse> UntilSecondBeat(const std::string& script) {
    grpc::ClientContext context;
    const Reader reader = stub_->Generate(&context, Prompt(script));
    std::vector<v1::GenerateResponse> events;
    int beats = 0;
    for (v1::GenerateResponse event; beats < 2 && reader->Read(&event);) {
      beats += event.has_waiting() ? 1 : 0;
      events.push_back(event);
    }
    EXPECT_EQ(beats, 2);
    context.TryCancel();
    events.resize(std::max<size_t>(events.size(), 3));  // A failed test looks at them all the same.
    return events;
  }
};

TEST_F(HeartbeatTest, TellsOfTheQueueOnceAWorkerHasTakenTheRequest) {
  StartReady();
  const auto events = UntilSecondBeat("unadmitted;hang");
  EXPECT_TRUE(events[0].has_started());
  EXPECT_EQ(events[1].waiting().state(), v1::Waiting::STATE_QUEUED);
  EXPECT_GT(events[1].waiting().seconds(), 0);
  EXPECT_GT(events[2].waiting().seconds(), events[1].waiting().seconds());
}

TEST_F(HeartbeatTest, TellsOfThePrompt) {
  StartReady();
  EXPECT_EQ(UntilSecondBeat("hang").back().waiting().state(), v1::Waiting::STATE_PREFILL);
}

TEST_F(HeartbeatTest, TellsThatTheNextTokenTakesLong) {
  StartReady();
  EXPECT_EQ(UntilSecondBeat("say:a;hang").back().waiting().state(), v1::Waiting::STATE_DECODE);
}

TEST_F(HeartbeatTest, TellsOfAPauseBetweenWorkers) {
  StartReady();
  grpc::ClientContext context;
  const Reader reader = stub_->Generate(&context, Prompt("say:a;on:1:die;hang"));
  v1::GenerateResponse event;
  while (reader->Read(&event) && event.waiting().state() != v1::Waiting::STATE_PAUSED) {
  }
  EXPECT_EQ(event.waiting().state(), v1::Waiting::STATE_PAUSED);
  context.TryCancel();
}

TEST_F(HeartbeatTest, IsSilentUntilAWorkerHasTakenTheRequest) {
  StartReady();
  for (int i = 0; i < 10; ++i) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Milliseconds(50)));
    const Answer answer = ReadAll(stub_->Generate(&context, Prompt("unaccepted;hang")));
    EXPECT_TRUE(answer.events.empty());
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  }
}

TEST_F(HeartbeatTest, IsOffIfItIsZero) {
  options_.call_times.heartbeat = absl::ZeroDuration();
  StartReady();
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Milliseconds(100)));
  EXPECT_TRUE(ReadAll(stub_->Generate(&context, Prompt("hang"))).events.empty());
}

}  // namespace
}  // namespace bitnet
