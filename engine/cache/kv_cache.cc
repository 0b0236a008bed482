#include "engine/cache/kv_cache.h"

#include <cassert>

namespace bitnet {

void BlockTable::ReserveCapacity(size_t num_blocks) {
  blocks.reserve(num_blocks);
  data.reserve(num_blocks);
}

KvCache::KvCache(const ModelConfig& config, size_t num_blocks, KvType type)
    : type_(type),
      num_kv_heads_(config.num_kv_heads),
      tile_bytes_(KvTileBytes(type, config.head_dim)),
      block_bytes_(BlockBytes(config, type)),
      memory_(num_blocks * block_bytes_),
      allocator_(static_cast<int>(num_blocks)) {}

size_t KvCache::BlockBytes(const ModelConfig& config, KvType type) {
  return config.num_layers * config.num_kv_heads * KvTileBytes(type, config.head_dim);
}

bool KvCache::Reserve(size_t tokens, BlockTable& table) {
  assert(table.blocks.empty());
  const size_t needed = NumBlocks(tokens);
  if (needed > static_cast<size_t>(allocator_.num_free())) {
    return false;
  }
  for (size_t i = 0; i < needed; ++i) {
    const int32_t block = allocator_.Allocate();
    table.blocks.push_back(block);
    table.data.push_back(memory_.data() + block * block_bytes_);
  }
  return true;
}

void KvCache::Release(BlockTable& table) {
  for (int32_t block : table.blocks) {
    allocator_.Release(block);
  }
  table.blocks.clear();
  table.data.clear();
}

}  // namespace bitnet
