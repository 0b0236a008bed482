#include "service/router/route.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "service/router/prefix_memory.h"

namespace bitnet {
namespace {

TEST(ChooseWorkerTest, TakesNoneOfNone) { EXPECT_EQ(ChooseWorker({}, {.tokens = 10}), std::nullopt); }

TEST(ChooseWorkerTest, TakesTheOneWithTheLeastWork) {
  const std::vector<RouteCandidate> workers = {{.tokens = 300}, {.tokens = 100}, {.tokens = 200}};
  EXPECT_EQ(ChooseWorker(workers, {.tokens = 10}), 1u);
}

TEST(ChooseWorkerTest, CountsTimeAndNotTokens) {
  const std::vector<RouteCandidate> workers = {{.tokens = 100, .tokens_per_second = 10},
                                               {.tokens = 300, .tokens_per_second = 100}};
  EXPECT_EQ(ChooseWorker(workers, {.tokens = 10}), 1u);
}

TEST(ChooseWorkerTest, TakesAWarmOneForSlower) {
  const std::vector<RouteCandidate> workers = {{.tokens = 100, .tokens_per_second = 10, .weight = 0.5},
                                               {.tokens = 150, .tokens_per_second = 10}};
  EXPECT_EQ(ChooseWorker(workers, {.tokens = 10}), 1u);
}

TEST(ChooseWorkerTest, TriesOneWhoseSpeedIsNotKnown) {
  const std::vector<RouteCandidate> workers = {{.tokens = 100, .tokens_per_second = 10}, {.tokens = 90}};
  EXPECT_EQ(ChooseWorker(workers, {.tokens = 10}), 1u);
}

TEST(ChooseWorkerTest, TakesTheOneWithFewerRequestsOfEquals) {
  const std::vector<RouteCandidate> workers = {{.requests = 2}, {.requests = 1}};
  EXPECT_EQ(ChooseWorker(workers, {.tokens = 10}), 1u);
}

TEST(ChooseWorkerTest, TakesAFullOneOrASilentOneOnlyForWantOfOthers) {
  const std::vector<RouteCandidate> workers = {
      {.tokens = 1, .stale = true}, {.tokens = 2, .full = true}, {.tokens = 1000}};
  EXPECT_EQ(ChooseWorker(workers, {.tokens = 10}), 2u);
  EXPECT_EQ(ChooseWorker(std::span(workers).first(2), {.tokens = 10}), 1u);
  EXPECT_EQ(ChooseWorker(std::span(workers).first(1), {.tokens = 10}), 0u);
}

TEST(ChooseWorkerTest, ComesBackToTheOneThatKnowsTheBeginning) {
  const std::vector<RouteCandidate> workers = {{.tokens = 100}, {.tokens = 150}};
  EXPECT_EQ(ChooseWorker(workers, {.tokens = 10, .last = 1}), 1u);
  const std::vector<RouteCandidate> idle = {{.requests = 0}, {.tokens = 10, .requests = 1}};
  EXPECT_EQ(ChooseWorker(idle, {.tokens = 10, .last = 1}), 1u);
}

TEST(ChooseWorkerTest, LeavesTheOneThatKnowsTheBeginningWhenItIsMuchBusierSilentOrFull) {
  const std::vector<RouteCandidate> busy = {{.tokens = 100}, {.tokens = 211}};
  EXPECT_EQ(ChooseWorker(busy, {.tokens = 10, .last = 1}), 0u);
  const std::vector<RouteCandidate> silent = {{.tokens = 100}, {.stale = true}};
  EXPECT_EQ(ChooseWorker(silent, {.tokens = 10, .last = 1}), 0u);
  const std::vector<RouteCandidate> full = {{.tokens = 100}, {.full = true}};
  EXPECT_EQ(ChooseWorker(full, {.tokens = 10, .last = 1}), 0u);
}

RouteCandidate Performance(double tokens) {
  return {.tokens = tokens, .tokens_per_second = 40, .kind = CoreKind::kPerformance};
}

// A quarter of the speed, as slow as they get.
RouteCandidate Efficiency(double tokens) {
  return {.tokens = tokens, .tokens_per_second = 10, .kind = CoreKind::kEfficiency};
}

constexpr RouteRequest kForeground = {.tokens = 10};
constexpr RouteRequest kBackground = {.tokens = 10, .background = true};

TEST(ChooseWorkerTest, GivesBackgroundRequestsToEfficiencyCoresAndOthersToPerformanceCores) {
  const std::vector<RouteCandidate> idle = {Performance(0), Efficiency(0)};
  EXPECT_EQ(ChooseWorker(idle, kForeground), 0u);
  EXPECT_EQ(ChooseWorker(idle, kBackground), 1u);
}

TEST(ChooseWorkerTest, DoesSoAlsoWhenARequestIsNoWorkOrSpeedsAreNotKnown) {
  const std::vector<RouteCandidate> idle = {{.kind = CoreKind::kEfficiency},
                                            {.kind = CoreKind::kPerformance}};
  for (const double tokens : {0, 10}) {
    EXPECT_EQ(ChooseWorker(idle, {.tokens = tokens}), 1u);
    EXPECT_EQ(ChooseWorker(idle, {.tokens = tokens, .background = true}), 0u);
  }
}

TEST(ChooseWorkerTest, TakesTheOtherKindWhenTheOneThatSuitsIsFarBehindFullOrSilent) {
  EXPECT_EQ(ChooseWorker(std::vector{Performance(0), Efficiency(9)}, kBackground), 1u);
  EXPECT_EQ(ChooseWorker(std::vector{Performance(0), Efficiency(11)}, kBackground), 0u);
  EXPECT_EQ(ChooseWorker(std::vector{Performance(69), Efficiency(0)}, kForeground), 0u);
  EXPECT_EQ(ChooseWorker(std::vector{Performance(71), Efficiency(0)}, kForeground), 1u);
  std::vector<RouteCandidate> workers = {Performance(0), Efficiency(0)};
  workers[1].full = true;
  EXPECT_EQ(ChooseWorker(workers, kBackground), 0u);
  workers[1] = Efficiency(0);
  workers[1].stale = true;
  EXPECT_EQ(ChooseWorker(workers, kBackground), 0u);
  EXPECT_EQ(ChooseWorker(std::vector{Performance(0)}, kBackground), 0u);
  EXPECT_EQ(ChooseWorker(std::vector{Efficiency(0)}, kForeground), 0u);
}

TEST(ChooseWorkerTest, CountsCoresOfUnknownKindAsSuited) {
  RouteCandidate unknown = Performance(0);
  unknown.kind = CoreKind::kUnknown;
  EXPECT_EQ(ChooseWorker(std::vector{unknown, Performance(0)}, kBackground), 0u);
  EXPECT_EQ(ChooseWorker(std::vector{Efficiency(0), unknown}, kForeground), 1u);
  EXPECT_EQ(ChooseWorker(std::vector{Efficiency(0), unknown}, kBackground), 1u);  // It is faster.
}

TEST(ChooseWorkerTest, DoesNotFollowABeginningToCoresThatSuitLess) {
  const std::vector<RouteCandidate> idle = {Performance(0), Efficiency(0)};
  EXPECT_EQ(ChooseWorker(idle, {.tokens = 10, .last = 1}), 0u);
  EXPECT_EQ(ChooseWorker(idle, {.tokens = 10, .background = true, .last = 0}), 1u);
  const std::vector<RouteCandidate> busy = {Performance(71), Efficiency(0)};
  EXPECT_EQ(ChooseWorker(busy, {.tokens = 10, .last = 1}), 1u);
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
