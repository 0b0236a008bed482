#include "bench/serve/call_times.h"

#include <gtest/gtest.h>

namespace bitnet {
namespace {

using std::chrono::milliseconds;

// A call that began at `begin` and got tokens at these times, all in milliseconds.
CallTimes Call(int begin, const std::vector<int>& tokens) {
  const CallTimes::Clock::time_point zero;
  CallTimes call = {.begin = zero + milliseconds(begin), .tokens = {}};
  for (const int token : tokens) call.tokens.push_back(zero + milliseconds(token));
  return call;
}

TEST(CallTimesTest, CountsTheTokensOfAllCallsFromTheFirstBeginningToTheLastToken) {
  Record record;
  AddCallTimes({Call(0, {100, 200}), Call(50, {300, 1000})}, record);
  EXPECT_EQ(record["generated_tokens"], 4);
  EXPECT_DOUBLE_EQ(record["tokens_per_second"].get<double>(), 4.0);
}

TEST(CallTimesTest, MeasuresFirstTokensAndGapsOfEachCallAlone) {
  Record record;
  AddCallTimes({Call(0, {100, 110, 120}), Call(1000, {1300, 1320})}, record);
  EXPECT_DOUBLE_EQ(record["ttft_p50"].get<double>(), 0.1);
  EXPECT_DOUBLE_EQ(record["ttft_p99"].get<double>(), 0.3);
  EXPECT_DOUBLE_EQ(record["itl_p50"].get<double>(), 0.01);
  EXPECT_DOUBLE_EQ(record["itl_p99"].get<double>(), 0.02);
}

TEST(CallTimesTest, LeavesOutWhatNeverHappened) {
  Record record;
  AddCallTimes({Call(0, {100})}, record);
  EXPECT_TRUE(record.contains("ttft_p50"));
  EXPECT_FALSE(record.contains("itl_p50"));
  Record none;
  AddCallTimes({Call(0, {})}, none);
  EXPECT_FALSE(none.contains("ttft_p50"));
  EXPECT_FALSE(none.contains("tokens_per_second"));
}

}  // namespace
}  // namespace bitnet
