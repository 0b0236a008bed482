#include "engine/cache/kv_cache.h"

#include <gtest/gtest.h>

#include <numeric>
#include <set>
#include <vector>

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

TEST(BlockAllocatorTest, FreesABlockWhenNobodyHoldsIt) {
  BlockAllocator allocator(2);
  const int32_t block = allocator.Allocate();
  allocator.Share(block);
  allocator.Release(block);
  EXPECT_EQ(allocator.num_free(), 1);
  allocator.Release(block);
  EXPECT_EQ(allocator.num_free(), 2);
  allocator.Share(block);  // Also when it is free.
  EXPECT_EQ(allocator.num_free(), 1);
  EXPECT_NE(allocator.Allocate(), block);
}

TEST(BlockAllocatorTest, GivesOutKeptBlocksLastInTheOrderOfTheirReturn) {
  BlockAllocator allocator(4);
  for (int i = 0; i < 4; ++i) {
    allocator.Allocate();
  }
  allocator.Release(2, /*kept=*/true);
  allocator.Release(0, /*kept=*/true);
  allocator.Release(3);
  allocator.Release(1, /*kept=*/true);
  allocator.Share(2);
  allocator.Release(2, /*kept=*/true);  // Used again, so the last now.
  std::vector<int32_t> order;
  while (allocator.num_free() > 0) {
    order.push_back(allocator.Allocate());
  }
  EXPECT_EQ(order, (std::vector<int32_t>{3, 0, 1, 2}));
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

TEST(KvCacheTest, GrowsAndTrimsATableByWholeBlocks) {
  KvCache cache(SmallConfig(), 4, KvType::kF16);
  BlockTable table;
  ASSERT_TRUE(cache.Reserve(10, table));
  const int32_t first = table.blocks[0];
  ASSERT_TRUE(cache.Reserve(16, table));
  EXPECT_EQ(table.blocks.size(), 1u);
  ASSERT_TRUE(cache.Reserve(17, table));
  EXPECT_EQ(table.blocks.size(), 2u);
  EXPECT_EQ(table.blocks[0], first);
  EXPECT_EQ(KvCache::BlocksMissing(33, table), 1u);
  EXPECT_FALSE(cache.Reserve(65, table));
  EXPECT_EQ(table.blocks.size(), 2u);
  ASSERT_TRUE(cache.Reserve(64, table));
  cache.Trim(17, table);
  EXPECT_EQ(table.blocks.size(), 2u);
  EXPECT_EQ(table.data.size(), 2u);
  EXPECT_EQ(cache.num_free(), 2u);
  cache.Trim(32, table);
  EXPECT_EQ(table.blocks.size(), 2u);
}

// A cache that keeps prefixes, and sequences in it whose tokens count up from some number.
struct PrefixFixture {
  static std::vector<int32_t> Tokens(size_t n, int32_t first = 0) {
    std::vector<int32_t> tokens(n);
    std::iota(tokens.begin(), tokens.end(), first);
    return tokens;
  }
  // As if these had been computed.
  BlockTable Computed(const std::vector<int32_t>& tokens) {
    BlockTable table;
    EXPECT_TRUE(cache.Reserve(tokens.size(), table));
    cache.Publish({tokens, {}}, table);
    return table;
  }
  size_t Adopted(const std::vector<int32_t>& tokens) {
    BlockTable table;
    const size_t adopted = cache.Adopt({tokens, {}}, 0, table);
    cache.Release(table);
    return adopted;
  }
  KvCache cache{SmallConfig(), 6, KvType::kF16, true};
};

TEST(KvCachePrefixTest, SharesFullBlocksWhileTheyAreHeldAndAfterwards) {
  PrefixFixture f;
  BlockTable first = f.Computed(f.Tokens(40));
  EXPECT_EQ(f.cache.num_free(), 3u);
  BlockTable second;
  EXPECT_EQ(f.cache.Adopt({f.Tokens(50), {}}, 0, second), 32u);
  EXPECT_EQ(f.cache.num_free(), 3u);
  EXPECT_EQ(second.blocks, std::vector<int32_t>(first.blocks.begin(), first.blocks.begin() + 2));
  EXPECT_EQ(second.data, std::vector<std::byte*>(first.data.begin(), first.data.begin() + 2));
  f.cache.Release(first);
  EXPECT_EQ(f.cache.num_free(), 4u);
  f.cache.Release(second);
  EXPECT_EQ(f.cache.num_free(), 6u);
  EXPECT_EQ(f.Adopted(f.Tokens(50)), 32u);
  EXPECT_EQ(f.Adopted(f.Tokens(31)), 16u);
  EXPECT_EQ(f.Adopted(f.Tokens(15)), 0u);
  EXPECT_EQ(f.Adopted(f.Tokens(50, 1)), 0u);
}

TEST(KvCachePrefixTest, TakesKeptBlocksLastAndTheEndOfAPrefixFirst) {
  PrefixFixture f;
  BlockTable table = f.Computed(f.Tokens(48));
  f.cache.Release(table);
  ASSERT_TRUE(f.cache.Reserve(48, table));  // Three blocks were never used.
  EXPECT_EQ(f.Adopted(f.Tokens(48)), 48u);
  ASSERT_TRUE(f.cache.Reserve(64, table));
  EXPECT_EQ(f.Adopted(f.Tokens(48)), 32u);
  ASSERT_TRUE(f.cache.Reserve(96, table));
  EXPECT_EQ(f.Adopted(f.Tokens(48)), 0u);
  f.cache.Release(table);
  EXPECT_EQ(f.cache.num_free(), 6u);
}

TEST(KvCachePrefixTest, KeepsOneOfEqualBlocks) {
  PrefixFixture f;
  BlockTable first = f.Computed(f.Tokens(32));
  BlockTable second = f.Computed(f.Tokens(33));
  EXPECT_EQ(second.blocks[0], first.blocks[0]);
  EXPECT_EQ(second.blocks[1], first.blocks[1]);
  EXPECT_EQ(second.data[1], first.data[1]);
  EXPECT_EQ(f.cache.num_free(), 3u);
  f.cache.Release(first);
  f.cache.Release(second);
  EXPECT_EQ(f.cache.num_free(), 6u);
}

TEST(KvCachePrefixTest, AdoptsInThePlaceOfOwnBlocks) {
  PrefixFixture f;
  BlockTable first = f.Computed(f.Tokens(32));
  BlockTable second;
  ASSERT_TRUE(f.cache.Reserve(40, second));
  EXPECT_EQ(f.cache.num_free(), 1u);
  EXPECT_EQ(f.cache.Adopt({f.Tokens(40), {}}, 0, second), 32u);
  EXPECT_EQ(second.blocks.size(), 3u);
  EXPECT_EQ(second.blocks[1], first.blocks[1]);
  EXPECT_EQ(f.cache.num_free(), 3u);
  // Not in the middle of a block that is being written.
  BlockTable third;
  ASSERT_TRUE(f.cache.Reserve(40, third));
  EXPECT_EQ(f.cache.Adopt({f.Tokens(40), {}}, 5, third), 5u);
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
