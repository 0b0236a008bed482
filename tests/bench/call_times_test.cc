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
  AddCallTimes({Call(0, {100, 200}), Call(50, {300, 1000})}, {}, record);
  EXPECT_EQ(record["generated_tokens"], 4);
  EXPECT_DOUBLE_EQ(record["tokens_per_second"].get<double>(), 4.0);
}

TEST(CallTimesTest, MeasuresFirstTokensAndGapsOfEachCallAlone) {
  Record record;
  AddCallTimes({Call(0, {100, 110, 120}), Call(1000, {1300, 1320})}, {}, record);
  EXPECT_DOUBLE_EQ(record["ttft_p50"].get<double>(), 0.1);
  EXPECT_DOUBLE_EQ(record["ttft_p99"].get<double>(), 0.3);
  EXPECT_DOUBLE_EQ(record["itl_p50"].get<double>(), 0.01);
  EXPECT_DOUBLE_EQ(record["itl_p99"].get<double>(), 0.02);
}

TEST(CallTimesTest, LeavesOutWhatNeverHappened) {
  Record record;
  AddCallTimes({Call(0, {100})}, {}, record);
  EXPECT_TRUE(record.contains("ttft_p50"));
  EXPECT_FALSE(record.contains("itl_p50"));
  Record none;
  AddCallTimes({Call(0, {})}, {}, none);
  EXPECT_FALSE(none.contains("ttft_p50"));
  EXPECT_FALSE(none.contains("tokens_per_second"));
}

TEST(CallTimesTest, TellsRejectedFromFailedAndLeavesThemOutOfTheTimes) {
  CallTimes rejected = Call(0, {}), failed = Call(0, {500});
  rejected.status = absl::ResourceExhaustedError("full");
  failed.status = absl::UnavailableError("gone");
  Record record;
  AddCallTimes({rejected, failed, Call(0, {100, 200})}, {}, record);
  EXPECT_EQ(record["answered"], 1);
  EXPECT_EQ(record["rejected"], 1);
  EXPECT_EQ(record["failed"], 1);
  EXPECT_EQ(record["generated_tokens"], 2);
  EXPECT_DOUBLE_EQ(record["ttft_p99"].get<double>(), 0.1);
}

TEST(CallTimesTest, CountsAsGoodWhatMetTheGoals) {
  const std::vector<CallTimes> calls = {Call(0, {100, 200}), Call(0, {300, 310}), Call(0, {50, 1000})};
  const auto goodput = [&](const LatencyGoals& goals) {
    Record record;
    AddCallTimes(calls, goals, record);
    return record["goodput"].get<double>();
  };
  EXPECT_DOUBLE_EQ(goodput({}), 3);
  EXPECT_DOUBLE_EQ(goodput({.first_token = 0.2}), 2);
  EXPECT_DOUBLE_EQ(goodput({.first_token = 0.2, .between = 0.5}), 1);
  Record record;
  AddCallTimes(calls, {}, record);
  EXPECT_DOUBLE_EQ(record["itl_max"].get<double>(), 0.95);
}

}  // namespace
}  // namespace bitnet
