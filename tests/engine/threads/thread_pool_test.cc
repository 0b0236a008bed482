#include "engine/threads/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <vector>

namespace bitnet {
namespace {

class ThreadPoolTest : public testing::TestWithParam<int> {};

TEST_P(ThreadPoolTest, RunsTheTaskOnceOnEachThread) {
  ThreadPool pool(GetParam());
  std::vector<int> calls(GetParam(), 0);
  for (int round = 1; round <= 1000; ++round) {
    pool.RunOnAll([&](int thread) { ++calls[thread]; });
    ASSERT_EQ(calls, std::vector<int>(GetParam(), round));
  }
}

TEST_P(ThreadPoolTest, CoversEveryIndexOnce) {
  ThreadPool pool(GetParam());
  for (size_t n : {0, 1, 2, 3, 4, 5, 6, 7, 8, 100, 1001}) {
    std::vector<int> calls(n, 0);
    pool.ParallelFor(n, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        ++calls[i];
      }
    });
    EXPECT_EQ(calls, std::vector<int>(n, 1));
  }
}

TEST_P(ThreadPoolTest, SeesWhatTheTaskWrote) {
  ThreadPool pool(GetParam());
  std::vector<uint64_t> values(64, 0);
  for (int round = 0; round < 200; ++round) {
    pool.ParallelFor(values.size(), [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        values[i] += i;
      }
    });
    // Serial work between, on what other threads wrote.
    for (uint64_t& value : values) {
      ++value;
    }
  }
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(values[i], 200 * (i + 1));
  }
}

TEST_P(ThreadPoolTest, WakesSleepingThreads) {
  ThreadPool pool(GetParam());
  std::atomic<int> sum = 0;
  for (int round = 0; round < 3; ++round) {
    // Far beyond the time the threads spin for.
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(2);
    while (std::chrono::steady_clock::now() < end) {
    }
    pool.RunOnAll([&](int thread) { sum += thread + 1; });
  }
  EXPECT_EQ(sum, 3 * GetParam() * (GetParam() + 1) / 2);
}

INSTANTIATE_TEST_SUITE_P(Threads, ThreadPoolTest, testing::Values(1, 2, 3, 5, 8));

TEST(NumUsableCpusTest, IsPositive) { EXPECT_GE(NumUsableCpus(), 1); }

}  // namespace
}  // namespace bitnet
