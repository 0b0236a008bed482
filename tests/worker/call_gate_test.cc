#include "worker/call_gate.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "absl/time/clock.h"

namespace bitnet {
namespace {

TEST(CallGateTest, TurnsAwayAfterAStopRequest) {
  CallGate gate;
  EXPECT_TRUE(gate.Enter());
  gate.RequestStop();
  gate.AwaitStopRequest();
  EXPECT_FALSE(gate.Enter());
  gate.Leave();
  gate.Leave();
  EXPECT_TRUE(gate.AwaitEmpty(absl::InfiniteFuture()));
}

TEST(CallGateTest, WaitsForTheLastToLeave) {
  CallGate gate;
  ASSERT_TRUE(gate.Enter());
  EXPECT_FALSE(gate.AwaitEmpty(absl::Now()));
  std::thread leaving([&gate] { gate.Leave(); });
  EXPECT_TRUE(gate.AwaitEmpty(absl::InfiniteFuture()));
  leaving.join();
}

TEST(CallGateTest, DoesNotWaitAfterASecondStopRequest) {
  CallGate gate;
  ASSERT_TRUE(gate.Enter());
  gate.RequestStop();
  std::thread stopping([&gate] { gate.RequestStop(); });
  EXPECT_FALSE(gate.AwaitEmpty(absl::InfiniteFuture()));
  stopping.join();
  gate.Leave();
}

TEST(CallGateTest, OutlivesEveryCall) {
  auto gate = std::make_unique<CallGate>();
  ASSERT_TRUE(gate->Enter());
  std::thread leaving([&gate = *gate] { gate.Leave(); });
  gate.reset();
  leaving.join();
}

}  // namespace
}  // namespace bitnet
