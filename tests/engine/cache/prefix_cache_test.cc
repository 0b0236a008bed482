#include "engine/cache/prefix_cache.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <vector>

namespace bitnet {
namespace {

using BlockOfTokens = std::array<int32_t, kBlockTokens>;

BlockOfTokens Tokens(int32_t first) {
  BlockOfTokens tokens;
  for (size_t i = 0; i < tokens.size(); ++i) {
    tokens[i] = first + static_cast<int32_t>(i);
  }
  return tokens;
}

uint64_t SameForAll(uint64_t, PrefixCache::Tokens) { return 7; }

// What a hash says is no proof: everything holds, too, when all are equal.
class PrefixCacheTest : public testing::TestWithParam<PrefixCache::Hash*> {
 protected:
  PrefixCache cache_{8, GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Hashes, PrefixCacheTest, testing::Values(&PrefixCache::HashTokens, &SameForAll),
                         [](const auto& hash) {
                           return hash.param == &SameForAll ? "AllCollide" : "AsBuilt";
                         });

TEST_P(PrefixCacheTest, FindsABlockByItsTokensAndWhatCameBefore) {
  const BlockOfTokens a = Tokens(0);
  const BlockOfTokens b = Tokens(1);
  EXPECT_EQ(cache_.Find({kNoBlock, {}, a}), kNoBlock);
  cache_.Insert(3, {kNoBlock, {}, a});
  cache_.Insert(5, {kNoBlock, {}, b});
  cache_.Insert(1, {3, {}, a});
  cache_.Insert(2, {3, {}, b});
  cache_.Insert(0, {2, {}, b});
  EXPECT_EQ(cache_.Find({kNoBlock, {}, a}), 3);
  EXPECT_EQ(cache_.Find({kNoBlock, {}, b}), 5);
  EXPECT_EQ(cache_.Find({3, {}, a}), 1);
  EXPECT_EQ(cache_.Find({3, {}, b}), 2);
  EXPECT_EQ(cache_.Find({2, {}, b}), 0);
  EXPECT_EQ(cache_.Find({5, {}, a}), kNoBlock);
  EXPECT_EQ(cache_.Find({2, {}, a}), kNoBlock);
}

TEST_P(PrefixCacheTest, ComparesEveryToken) {
  BlockOfTokens tokens = Tokens(0);
  cache_.Insert(3, {kNoBlock, {}, tokens});
  for (int32_t& token : tokens) {
    token ^= 1;
    EXPECT_EQ(cache_.Find({kNoBlock, {}, tokens}), kNoBlock);
    token ^= 1;
  }
  EXPECT_EQ(cache_.Find({kNoBlock, {}, tokens}), 3);
}

TEST_P(PrefixCacheTest, TellsAdaptersTheirOrderAndTheirScalesApart) {
  const Adapter x(1);
  const Adapter y(1);
  const std::vector<std::vector<ActiveAdapter>> lists = {
      {},        {{&x, 1}},          {{&x, 0.5F}},      {{&x, 0.0F}}, {{&x, -0.0F}},
      {{&y, 1}}, {{&x, 1}, {&y, 1}}, {{&y, 1}, {&x, 1}}};
  const BlockOfTokens tokens = Tokens(0);
  for (size_t i = 0; i < lists.size(); ++i) {
    EXPECT_EQ(cache_.Find({kNoBlock, lists[i], tokens}), kNoBlock) << i;
    cache_.Insert(static_cast<int32_t>(i), {kNoBlock, lists[i], tokens});
  }
  for (size_t i = 0; i < lists.size(); ++i) {
    EXPECT_EQ(cache_.Find({kNoBlock, lists[i], tokens}), static_cast<int32_t>(i));
  }
}

TEST_P(PrefixCacheTest, ForgetsWhatIsErasedAndNothingElse) {
  for (int32_t block = 0; block < 8; ++block) {
    cache_.Insert(block, {kNoBlock, {}, Tokens(block)});
  }
  for (const int32_t erased : {4, 0, 7, 1}) {
    cache_.Erase(erased);
    EXPECT_FALSE(cache_.Contains(erased));
    EXPECT_EQ(cache_.Find({kNoBlock, {}, Tokens(erased)}), kNoBlock);
  }
  for (const int32_t left : {2, 3, 5, 6}) {
    EXPECT_TRUE(cache_.Contains(left));
    EXPECT_EQ(cache_.Find({kNoBlock, {}, Tokens(left)}), left);
  }
  // Its number is used again for something else.
  cache_.Insert(4, {2, {}, Tokens(100)});
  EXPECT_EQ(cache_.Find({2, {}, Tokens(100)}), 4);
  EXPECT_EQ(cache_.Find({kNoBlock, {}, Tokens(4)}), kNoBlock);
}

TEST(AdapterTest, IsNeverTakenForOneThatWasAtItsAddress) {
  std::optional<Adapter> adapter(1);
  const uint64_t first = adapter->serial();
  adapter.emplace(1);
  EXPECT_NE(adapter->serial(), first);
}

}  // namespace
}  // namespace bitnet
