#include "engine/cache/kv_cache.h"

#include <gtest/gtest.h>

#include <set>

namespace bitnet {
namespace {

ModelConfig SmallConfig() {
  ModelConfig config;
  config.num_layers = 3;
  config.num_kv_heads = 2;
  config.head_dim = 8;
  return config;
}

TEST(BlockAllocatorTest, HandsOutEachBlockOnce) {
  BlockAllocator allocator(5);
  std::set<int32_t> blocks;
  while (allocator.num_free() > 0) {
    blocks.insert(allocator.Allocate());
  }
  EXPECT_EQ(blocks, (std::set<int32_t>{0, 1, 2, 3, 4}));
}

TEST(BlockAllocatorTest, ReusesReleasedBlocks) {
  BlockAllocator allocator(2);
  allocator.Allocate();
  const int32_t second = allocator.Allocate();
  allocator.Release(second);
  EXPECT_EQ(allocator.num_free(), 1);
  EXPECT_EQ(allocator.Allocate(), second);
}

TEST(KvCacheTest, ReservesWholeBlocks) {
  KvCache cache(SmallConfig(), 10);
  for (size_t tokens : {1, 16, 17, 32, 33}) {
    BlockTable table;
    ASSERT_TRUE(cache.Reserve(tokens, table));
    EXPECT_EQ(table.blocks.size(), (tokens + 15) / 16);
    EXPECT_EQ(cache.allocator().num_free(), 10 - static_cast<int>(table.blocks.size()));
    cache.Release(table);
    EXPECT_EQ(cache.allocator().num_free(), 10);
    EXPECT_TRUE(table.blocks.empty());
  }
}

TEST(KvCacheTest, RefusesMoreThanIsFreeAndChangesNothing) {
  KvCache cache(SmallConfig(), 4);
  BlockTable first;
  BlockTable second;
  ASSERT_TRUE(cache.Reserve(40, first));
  EXPECT_FALSE(cache.Reserve(17, second));
  EXPECT_TRUE(second.blocks.empty());
  EXPECT_EQ(cache.allocator().num_free(), 1);
  EXPECT_TRUE(cache.Reserve(16, second));
}

TEST(KvCacheTest, GivesEveryElementItsOwnPlace) {
  const ModelConfig config = SmallConfig();
  KvCache cache(config, 4);
  BlockTable tables[2];
  ASSERT_TRUE(cache.Reserve(20, tables[0]));
  ASSERT_TRUE(cache.Reserve(32, tables[1]));
  std::set<const float*> places;
  size_t expected = 0;
  for (const BlockTable& table : tables) {
    for (size_t position = 0; position < table.blocks.size() * kBlockTokens; ++position) {
      for (size_t layer = 0; layer < config.num_layers; ++layer) {
        for (size_t head = 0; head < config.num_kv_heads; ++head) {
          const size_t offset = cache.RowOffset(layer, head, position);
          for (size_t d = 0; d < config.head_dim; ++d) {
            places.insert(table.keys[position / kBlockTokens] + offset + d);
            places.insert(table.values[position / kBlockTokens] + offset + d);
            expected += 2;
          }
        }
      }
    }
  }
  EXPECT_EQ(places.size(), expected);
  EXPECT_EQ(expected * sizeof(float), 4 * KvCache::BlockBytes(config));
}

}  // namespace
}  // namespace bitnet
