#include "engine/cache/kv_cache.h"

#include <cassert>

namespace bitnet {

void BlockTable::ReserveCapacity(size_t num_blocks) {
  blocks.reserve(num_blocks);
  keys.reserve(num_blocks);
  values.reserve(num_blocks);
}

KvCache::KvCache(const ModelConfig& config, size_t num_blocks)
    : head_dim_(config.head_dim),
      side_(config.kv_dim() * kBlockTokens),
      block_(config.num_layers * 2 * side_),
      memory_(num_blocks * block_),
      allocator_(static_cast<int>(num_blocks)) {
  assert(BlockBytes(config) == block_ * sizeof(float));
}

size_t KvCache::BlockBytes(const ModelConfig& config) {
  return config.num_layers * 2 * config.kv_dim() * kBlockTokens * sizeof(float);
}

bool KvCache::Reserve(size_t tokens, BlockTable& table) {
  assert(table.blocks.empty());
  const size_t needed = NumBlocks(tokens);
  if (needed > static_cast<size_t>(allocator_.num_free())) {
    return false;
  }
  for (size_t i = 0; i < needed; ++i) {
    const int32_t block = allocator_.Allocate();
    float* keys = memory_.data() + block * block_;
    table.blocks.push_back(block);
    table.keys.push_back(keys);
    table.values.push_back(keys + side_);
  }
  return true;
}

void KvCache::Release(BlockTable& table) {
  for (int32_t block : table.blocks) {
    allocator_.Release(block);
  }
  table.blocks.clear();
  table.keys.clear();
  table.values.clear();
}

}  // namespace bitnet
