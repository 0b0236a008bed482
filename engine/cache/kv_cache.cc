#include "engine/cache/kv_cache.h"

#include <algorithm>
#include <cassert>

namespace bitnet {

KvCache::KvCache(const ModelConfig& config, size_t num_blocks, KvType type, bool keep_prefixes)
    : type_(type),
      num_kv_heads_(config.num_kv_heads),
      tile_bytes_(KvTileBytes(type, config.head_dim)),
      block_bytes_(BlockBytes(config, type)),
      memory_(num_blocks * block_bytes_),
      allocator_(static_cast<int>(num_blocks)) {
  if (keep_prefixes) {
    prefixes_.emplace(static_cast<int>(num_blocks));
  }
}

size_t KvCache::BlockBytes(const ModelConfig& config, KvType type) {
  return config.num_layers * config.num_kv_heads * KvTileBytes(type, config.head_dim);
}

size_t KvCache::BlocksMissing(size_t tokens, const BlockTable& table) {
  const size_t needed = NumBlocks(tokens);
  return needed - std::min(needed, table.blocks.size());
}

bool KvCache::Reserve(size_t tokens, BlockTable& table) {
  const size_t missing = BlocksMissing(tokens, table);
  if (missing > num_free()) {
    return false;
  }
  for (size_t i = 0; i < missing; ++i) {
    const int32_t block = allocator_.Allocate();
    if (prefixes_.has_value() && prefixes_->Contains(block)) {
      prefixes_->Erase(block);
    }
    table.blocks.push_back(block);
    table.data.push_back(DataOf(block));
  }
  return true;
}

void KvCache::Trim(size_t tokens, BlockTable& table) {
  // From the end: the beginning of a prefix is kept longest, as PrefixCache wants it.
  while (table.blocks.size() > NumBlocks(tokens)) {
    const int32_t block = table.blocks.back();
    allocator_.Release(block, prefixes_.has_value() && prefixes_->Contains(block));
    table.blocks.pop_back();
    table.data.pop_back();
  }
  table.num_published = std::min(table.num_published, table.blocks.size());
}

PrefixCache::Key KvCache::NextKey(const Prefix& prefix, const BlockTable& table) {
  const size_t next = table.num_published;
  return {.predecessor = next == 0 ? kNoBlock : table.blocks[next - 1],
          .adapters = prefix.adapters,
          .tokens = prefix.tokens.subspan(next * kBlockTokens).first<kBlockTokens>()};
}

void KvCache::TakePublished(int32_t block, BlockTable& table) {
  allocator_.Share(block);
  const size_t next = table.num_published++;
  if (next == table.blocks.size()) {
    table.blocks.push_back(block);
    table.data.push_back(DataOf(block));
    return;
  }
  allocator_.Release(table.blocks[next]);
  table.blocks[next] = block;
  table.data[next] = DataOf(block);
}

size_t KvCache::Adopt(const Prefix& prefix, size_t done, BlockTable& table) {
  if (!prefixes_.has_value() || done != table.num_published * kBlockTokens) {
    return done;
  }
  while ((table.num_published + 1) * kBlockTokens <= prefix.tokens.size()) {
    const int32_t block = prefixes_->Find(NextKey(prefix, table));
    if (block == kNoBlock) {
      break;
    }
    TakePublished(block, table);
  }
  return table.num_published * kBlockTokens;
}

void KvCache::Publish(const Prefix& prefix, BlockTable& table) {
  if (!prefixes_.has_value()) {
    return;
  }
  while ((table.num_published + 1) * kBlockTokens <= prefix.tokens.size()) {
    const PrefixCache::Key key = NextKey(prefix, table);
    if (const int32_t published = prefixes_->Find(key); published != kNoBlock) {
      TakePublished(published, table);
    } else {
      prefixes_->Insert(table.blocks[table.num_published++], key);
    }
  }
}

}  // namespace bitnet
