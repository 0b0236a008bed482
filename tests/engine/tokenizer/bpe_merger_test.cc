#include "engine/tokenizer/bpe_merger.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <utility>
#include <vector>

namespace bitnet {
namespace {

using Rules = std::map<std::pair<int32_t, int32_t>, MergeTable::Merge>;

// Looks at all pairs again after each merge.
std::vector<int32_t> MergeSlowly(const Rules& rules, std::vector<int32_t> word) {
  while (true) {
    size_t best = word.size();
    MergeTable::Merge best_merge{};
    for (size_t i = 0; i + 1 < word.size(); ++i) {
      const auto it = rules.find({word[i], word[i + 1]});
      if (it != rules.end() && (best == word.size() || it->second.rank < best_merge.rank)) {
        best = i;
        best_merge = it->second;
      }
    }
    if (best == word.size()) {
      return word;
    }
    word[best] = best_merge.id;
    word.erase(word.begin() + static_cast<ptrdiff_t>(best) + 1);
  }
}

MergeTable Table(const Rules& rules) {
  MergeTable table;
  for (const auto& [pair, merge] : rules) {
    table.Add(pair.first, pair.second, merge);
  }
  return table;
}

std::vector<int32_t> Merge(const MergeTable& table, const std::vector<int32_t>& word) {
  std::vector<int32_t> out;
  BpeMerger(table).Merge(word, out);
  return out;
}

TEST(BpeMergerTest, LeavesWordsWithoutMergesAlone) {
  const MergeTable none;
  EXPECT_EQ(Merge(none, {}), (std::vector<int32_t>{}));
  EXPECT_EQ(Merge(none, {7}), (std::vector<int32_t>{7}));
  EXPECT_EQ(Merge(none, {7, 8, 7}), (std::vector<int32_t>{7, 8, 7}));
}

TEST(BpeMergerTest, MergesLowestRankFirstAndLeftmostOfEquals) {
  const MergeTable table = Table({{{1, 2}, {5, 12}}, {{2, 3}, {4, 23}}, {{1, 1}, {0, 11}}});
  EXPECT_EQ(Merge(table, {1, 2, 3}), (std::vector<int32_t>{1, 23}));
  EXPECT_EQ(Merge(table, {1, 1, 1}), (std::vector<int32_t>{11, 1}));
  EXPECT_EQ(Merge(table, {1, 1, 1, 2, 3}), (std::vector<int32_t>{11, 1, 23}));
}

TEST(BpeMergerTest, MergesAsTheSlowWayDoes) {
  std::mt19937 rng(1);
  for (int round = 0; round < 300; ++round) {
    // Each new token has one rule, as trained vocabularies have.
    Rules rules;
    int32_t num_tokens = 4;
    while (num_tokens < 40) {
      const int32_t left = static_cast<int32_t>(rng() % num_tokens);
      const int32_t right = static_cast<int32_t>(rng() % num_tokens);
      if (rules.try_emplace({left, right}, MergeTable::Merge{num_tokens, num_tokens}).second) {
        ++num_tokens;
      }
    }
    const MergeTable table = Table(rules);
    BpeMerger merger(table);
    for (int i = 0; i < 20; ++i) {
      std::vector<int32_t> word(rng() % 60);
      for (int32_t& id : word) {
        id = static_cast<int32_t>(rng() % 4);
      }
      std::vector<int32_t> merged;
      merger.Merge(word, merged);
      ASSERT_EQ(merged, MergeSlowly(rules, word));
    }
  }
}

// Quadratic time would take minutes.
TEST(BpeMergerTest, MergesAMillionTokens) {
  Rules rules;
  for (int32_t level = 0; level < 16; ++level) {
    rules[{level, level}] = {level, level + 1};
  }
  EXPECT_EQ(Merge(Table(rules), std::vector<int32_t>(1 << 20, 0)), std::vector<int32_t>(1 << 4, 16));
}

}  // namespace
}  // namespace bitnet
