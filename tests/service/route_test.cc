#include "service/router/route.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "service/router/prefix_memory.h"

namespace bitnet {
namespace {

TEST(ChooseWorkerTest, TakesNoneOfNone) { EXPECT_EQ(ChooseWorker({}, 10, std::nullopt), std::nullopt); }

TEST(ChooseWorkerTest, TakesTheOneWithTheLeastWork) {
  const std::vector<RouteCandidate> workers = {{.tokens = 300}, {.tokens = 100}, {.tokens = 200}};
  EXPECT_EQ(ChooseWorker(workers, 10, std::nullopt), 1u);
}

TEST(ChooseWorkerTest, CountsTimeAndNotTokens) {
  const std::vector<RouteCandidate> workers = {{.tokens = 100, .tokens_per_second = 10},
                                               {.tokens = 300, .tokens_per_second = 100}};
  EXPECT_EQ(ChooseWorker(workers, 10, std::nullopt), 1u);
}

TEST(ChooseWorkerTest, TakesAWarmOneForSlower) {
  const std::vector<RouteCandidate> workers = {{.tokens = 100, .tokens_per_second = 10, .weight = 0.5},
                                               {.tokens = 150, .tokens_per_second = 10}};
  EXPECT_EQ(ChooseWorker(workers, 10, std::nullopt), 1u);
}

TEST(ChooseWorkerTest, TriesOneWhoseSpeedIsNotKnown) {
  const std::vector<RouteCandidate> workers = {{.tokens = 100, .tokens_per_second = 10}, {.tokens = 90}};
  EXPECT_EQ(ChooseWorker(workers, 10, std::nullopt), 1u);
}

TEST(ChooseWorkerTest, TakesTheOneWithFewerRequestsOfEquals) {
  const std::vector<RouteCandidate> workers = {{.requests = 2}, {.requests = 1}};
  EXPECT_EQ(ChooseWorker(workers, 10, std::nullopt), 1u);
}

TEST(ChooseWorkerTest, TakesAFullOneOrASilentOneOnlyForWantOfOthers) {
  const std::vector<RouteCandidate> workers = {
      {.tokens = 1, .stale = true}, {.tokens = 2, .full = true}, {.tokens = 1000}};
  EXPECT_EQ(ChooseWorker(workers, 10, std::nullopt), 2u);
  EXPECT_EQ(ChooseWorker(std::span(workers).first(2), 10, std::nullopt), 1u);
  EXPECT_EQ(ChooseWorker(std::span(workers).first(1), 10, std::nullopt), 0u);
}

TEST(ChooseWorkerTest, ComesBackToTheOneThatKnowsTheBeginning) {
  const std::vector<RouteCandidate> workers = {{.tokens = 100}, {.tokens = 150}};
  EXPECT_EQ(ChooseWorker(workers, 10, 1), 1u);
  const std::vector<RouteCandidate> idle = {{.requests = 0}, {.tokens = 10, .requests = 1}};
  EXPECT_EQ(ChooseWorker(idle, 10, 1), 1u);
}

TEST(ChooseWorkerTest, LeavesTheOneThatKnowsTheBeginningWhenItIsMuchBusierSilentOrFull) {
  const std::vector<RouteCandidate> busy = {{.tokens = 100}, {.tokens = 211}};
  EXPECT_EQ(ChooseWorker(busy, 10, 1), 0u);
  const std::vector<RouteCandidate> silent = {{.tokens = 100}, {.stale = true}};
  EXPECT_EQ(ChooseWorker(silent, 10, 1), 0u);
  const std::vector<RouteCandidate> full = {{.tokens = 100}, {.full = true}};
  EXPECT_EQ(ChooseWorker(full, 10, 1), 0u);
}

TEST(PrefixMemoryTest, KnowsWhoHadABeginningLast) {
  PrefixMemory memory;
  std::vector<uint32_t> prompt(100, 7);
  const uint64_t hash = PrefixMemory::Hash(prompt);
  EXPECT_EQ(memory.Find(hash), std::nullopt);
  memory.Store(hash, 1);
  memory.Store(hash, 2);
  EXPECT_EQ(memory.Find(hash), 2u);
  prompt[99] = 8;  // Beyond the beginning.
  EXPECT_EQ(PrefixMemory::Hash(prompt), hash);
  prompt[0] = 8;
  EXPECT_NE(PrefixMemory::Hash(prompt), hash);
}

TEST(PrefixMemoryTest, DoesNotBotherWithShortPrompts) {
  PrefixMemory memory;
  const std::vector<uint32_t> prompt(15, 7);
  memory.Store(PrefixMemory::Hash(prompt), 1);
  EXPECT_EQ(memory.Find(PrefixMemory::Hash(prompt)), std::nullopt);
}

}  // namespace
}  // namespace bitnet
