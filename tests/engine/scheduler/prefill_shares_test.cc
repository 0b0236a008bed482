#include "engine/scheduler/prefill_shares.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <vector>

namespace bitnet {
namespace {

struct Prompt {
  size_t pending;
  Priority priority = Priority::kNormal;
};

// Tokens of each, in the order of `prompts`.
std::vector<size_t> Share(const std::vector<Prompt>& prompts, size_t budget) {
  std::vector<PrefillShare> shares;
  for (size_t i = 0; i < prompts.size(); ++i) {
    shares.push_back({.index = i, .pending = prompts[i].pending, .priority = prompts[i].priority});
  }
  SharePrefill(shares, budget);
  std::vector<size_t> tokens(prompts.size());
  for (const PrefillShare& share : shares) {
    tokens[share.index] = share.tokens;
  }
  return tokens;
}

using Tokens = std::vector<size_t>;

TEST(PrefillSharesTest, GivesAllToOneAlone) {
  EXPECT_EQ(Share({}, 16), Tokens{});
  EXPECT_EQ(Share({{100}}, 16), Tokens{16});
  EXPECT_EQ(Share({{9}}, 16), Tokens{9});
}

TEST(PrefillSharesTest, ReadsEqualPromptsOneAfterTheOther) {
  EXPECT_EQ(Share({{40}, {40}, {40}}, 16), (Tokens{16, 0, 0}));
  EXPECT_EQ(Share({{10}, {40}, {40}}, 16), (Tokens{10, 6, 0}));
}

TEST(PrefillSharesTest, ServesTheShortestFirstAndTheOldestWithHalf) {
  EXPECT_EQ(Share({{100}, {50}, {5}}, 16), (Tokens{8, 3, 5}));
  EXPECT_EQ(Share({{100}, {50}, {20}}, 17), (Tokens{9, 0, 8}));
  EXPECT_EQ(Share({{6}, {5}, {4}, {3}}, 16), (Tokens{6, 3, 4, 3}));
  EXPECT_EQ(Share({{100}, {5}}, 1), (Tokens{1, 0}));
}

TEST(PrefillSharesTest, ServesHigherClassesFirst) {
  EXPECT_EQ(Share({{20, Priority::kInteractive}, {2, Priority::kNormal}}, 16), (Tokens{16, 0}));
  EXPECT_EQ(Share({{10, Priority::kInteractive},
                   {4, Priority::kInteractive},
                   {50, Priority::kNormal},
                   {1, Priority::kNormal},
                   {1, Priority::kBackground}},
                  16),
            (Tokens{10, 4, 1, 1, 0}));
}

TEST(PrefillSharesTest, GivesOutTheWholeBudgetAndNoMore) {
  std::mt19937 rng(1);
  for (int round = 0; round < 1000; ++round) {
    std::vector<Prompt> prompts(rng() % 8);
    size_t pending = 0;
    for (size_t i = 0; i < prompts.size(); ++i) {
      prompts[i] = {.pending = 1 + rng() % 40, .priority = static_cast<Priority>(2 - i * 3 / 8)};
      pending += prompts[i].pending;
    }
    const size_t budget = 1 + rng() % 64;
    const Tokens tokens = Share(prompts, budget);
    EXPECT_EQ(std::accumulate(tokens.begin(), tokens.end(), size_t{0}), std::min(budget, pending));
    for (size_t i = 0; i < prompts.size(); ++i) {
      EXPECT_LE(tokens[i], prompts[i].pending);
    }
  }
}

}  // namespace
}  // namespace bitnet
