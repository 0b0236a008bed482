#include "engine/try_threads.h"

#include <gtest/gtest.h>

#include "tests/engine/tiny_scheduler.h"

namespace bitnet {
namespace {

constexpr absl::Duration kStep = absl::Milliseconds(1);

TEST(TryThreadsTest, StepsInTurnsUntilTheTimeHasPassed) {
  std::vector<size_t> turns;
  const auto trials = TryThreads(std::vector{1, 2, 4}, 9 * kStep, [&](size_t i) {
    turns.push_back(i);
    return kStep;
  });
  EXPECT_EQ(turns, (std::vector<size_t>{0, 1, 2, 0, 1, 2, 0, 1, 2}));
  ASSERT_EQ(trials.size(), 3u);
  EXPECT_EQ(trials[2].threads, 4);
}

TEST(TryThreadsTest, TriesEachOnceHoweverLongItTakes) {
  int steps = 0;
  TryThreads(std::vector{1, 2}, kStep, [&](size_t) {
    ++steps;
    return 100 * kStep;
  });
  EXPECT_EQ(steps, 4);  // Each once to warm up, and once.
}

TEST(TryThreadsTest, WastesNoTimeOnASingleCandidate) {
  int steps = 0;
  TryThreads(std::vector{3}, 100 * kStep, [&](size_t) {
    ++steps;
    return kStep;
  });
  EXPECT_EQ(steps, 2);
}

TEST(TryThreadsTest, TakesTheMedianAndIgnoresTheFirst) {
  const std::vector<int> times = {1000, 3, 900, 5, 4, 3};
  size_t at = 0;
  const auto trials = TryThreads(std::vector{1, 2}, 2500 * kStep,
                                 [&](size_t i) { return (i == 1 ? 100 : times.at(at++)) * kStep; });
  EXPECT_EQ(trials[0].step, 4 * kStep);
  EXPECT_EQ(trials[1].step, 100 * kStep);
}

TEST(FastestThreadsTest, PrefersFewerWhereMoreGainNothing) {
  EXPECT_EQ(FastestThreads(std::vector<ThreadTrial>{{1, 10 * kStep}, {2, 6 * kStep}, {4, 8 * kStep}}), 2);
  EXPECT_EQ(FastestThreads(std::vector<ThreadTrial>{{2, 6.1 * kStep}, {4, 6 * kStep}}), 2);
  EXPECT_EQ(FastestThreads(std::vector<ThreadTrial>{{2, 6.5 * kStep}, {4, 6 * kStep}}), 4);
}

TEST(DescribeTrialsTest, SaysWhatEachTook) {
  EXPECT_EQ(DescribeTrials(std::vector<ThreadTrial>{{1, 3.1 * kStep}, {2, 1.9 * kStep}}),
            "1 thread takes 3.10 ms a step, 2 threads take 1.90 ms");
}

TEST(TryThreadsTest, StepsAModel) {
  const std::vector<uint8_t> bytes = RandomModel({.max_seq_len = 16});
  ThreadPool pool(1);
  const LoadedModel model = LoadRandomModel(bytes, pool);
  const auto trials = TryThreadsOn(model, DetectCpuFeatures(), std::vector{1, 3}, absl::Milliseconds(1));
  ASSERT_EQ(trials.size(), 2u);
  for (const ThreadTrial& trial : trials) {
    EXPECT_GT(trial.step, absl::ZeroDuration());
  }
}

}  // namespace
}  // namespace bitnet
