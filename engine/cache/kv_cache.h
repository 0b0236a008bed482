// Keys and values of all sequences, in blocks of 16 positions (as in PagedAttention, arXiv 2309.06180).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/aligned_buffer.h"
#include "engine/cache/block_allocator.h"
#include "engine/model/model_config.h"
#include "kernels/attention/kv_tile.h"

namespace bitnet {

inline constexpr size_t kBlockTokens = kKvTileTokens;

// Blocks that `tokens` positions need.
constexpr size_t NumBlocks(size_t tokens) { return (tokens + kBlockTokens - 1) / kBlockTokens; }

// The blocks of one sequence: position t is in entry t / kBlockTokens. Filled by KvCache::Reserve.
struct BlockTable {
  std::vector<int32_t> blocks;
  std::vector<std::byte*> data;  // Where each block begins.

  void ReserveCapacity(size_t num_blocks);
};

// A block is one tile (kernels/attention/kv_tile.h) for each key-value head of each layer, layer after layer,
// so a layer's head reads its 16 keys and values in one piece, and the blocks of a sequence may lie anywhere.
// Memory is taken from the system at creation but touched only when a position is first written.
class KvCache {
 public:
  KvCache(const ModelConfig& config, size_t num_blocks, KvType type);

  static size_t BlockBytes(const ModelConfig& config, KvType type);

  KvType type() const { return type_; }
  const BlockAllocator& allocator() const { return allocator_; }
  // Positions that fit in all blocks together.
  size_t capacity_tokens() const { return allocator_.num_blocks() * kBlockTokens; }

  // Gives `table`, which is empty, blocks for `tokens` positions; false, and nothing changes, if too few are
  // free. Allocates nothing when the table's capacity suffices.
  bool Reserve(size_t tokens, BlockTable& table);
  // Takes them back.
  void Release(BlockTable& table);

  // Bytes from BlockTable::data[i] to the tile of this layer's head.
  size_t TileOffset(size_t layer, size_t kv_head) const {
    return (layer * num_kv_heads_ + kv_head) * tile_bytes_;
  }

 private:
  const KvType type_;
  const size_t num_kv_heads_;
  const size_t tile_bytes_;
  const size_t block_bytes_;
  AlignedBuffer<std::byte> memory_;
  BlockAllocator allocator_;
};

}  // namespace bitnet
