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
  KvCache cache(SmallConfig(), 10, KvType::kF16);
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
  KvCache cache(SmallConfig(), 4, KvType::kF16);
  BlockTable first;
  BlockTable second;
  ASSERT_TRUE(cache.Reserve(40, first));
  EXPECT_FALSE(cache.Reserve(17, second));
  EXPECT_TRUE(second.blocks.empty());
  EXPECT_EQ(cache.allocator().num_free(), 1);
  EXPECT_TRUE(cache.Reserve(16, second));
}

TEST(KvCacheTest, GivesEveryTileItsOwnPlace) {
  const ModelConfig config = SmallConfig();
  for (KvType type : {KvType::kF16, KvType::kF32, KvType::kInt8}) {
    KvCache cache(config, 4, type);
    BlockTable tables[2];
    ASSERT_TRUE(cache.Reserve(20, tables[0]));
    ASSERT_TRUE(cache.Reserve(32, tables[1]));
    std::set<const std::byte*> tiles;
    for (const BlockTable& table : tables) {
      for (const std::byte* block : table.data) {
        for (size_t layer = 0; layer < config.num_layers; ++layer) {
          for (size_t head = 0; head < config.num_kv_heads; ++head) {
            tiles.insert(block + cache.TileOffset(layer, head));
          }
        }
      }
    }
    const size_t tile_bytes = KvTileBytes(type, config.head_dim);
    EXPECT_EQ(tiles.size(), 4 * config.num_layers * config.num_kv_heads);
    EXPECT_EQ(tiles.size() * tile_bytes, 4 * KvCache::BlockBytes(config, type));
    EXPECT_EQ(static_cast<size_t>(*tiles.rbegin() - *tiles.begin()), (tiles.size() - 1) * tile_bytes);
    for (const std::byte* tile : tiles) {
      EXPECT_EQ((tile - *tiles.begin()) % static_cast<ptrdiff_t>(tile_bytes), 0);
    }
  }
}

TEST(KvCacheTest, TakesHalfTheMemoryInF16AndAQuarterOfItAndScalesInInt8) {
  ModelConfig config;
  config.num_layers = 30;
  config.num_kv_heads = 5;
  config.head_dim = 128;
  const size_t elements = 30 * 5 * 2 * 128 * 16;
  EXPECT_EQ(KvCache::BlockBytes(config, KvType::kF32), 4 * elements);
  EXPECT_EQ(KvCache::BlockBytes(config, KvType::kF16), 2 * elements);
  EXPECT_EQ(KvCache::BlockBytes(config, KvType::kInt8), elements + 30 * 5 * 2 * 16 * sizeof(float));
}

}  // namespace
}  // namespace bitnet
