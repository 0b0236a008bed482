// Keys and values of all sequences, in blocks of 16 positions (as in PagedAttention, arXiv 2309.06180).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/aligned_buffer.h"
#include "engine/cache/block_allocator.h"
#include "engine/model/model_config.h"

namespace bitnet {

inline constexpr size_t kBlockTokens = 16;

// Blocks that `tokens` positions need.
constexpr size_t NumBlocks(size_t tokens) { return (tokens + kBlockTokens - 1) / kBlockTokens; }

// The blocks of one sequence: position t is in entry t / kBlockTokens. Filled by KvCache::Reserve.
struct BlockTable {
  std::vector<int32_t> blocks;
  std::vector<float*> keys;    // Where each block's keys begin, for layer 0 and head 0.
  std::vector<float*> values;  // And its values.

  void ReserveCapacity(size_t num_blocks);
};

// A block is, layer after layer, [num_kv_heads, kBlockTokens, head_dim] floats of keys and as many of values,
// so one layer's head reads its 16 keys in one piece, and the blocks of a sequence may lie anywhere. Memory
// is taken from the system at creation but touched only when a position is first written.
class KvCache {
 public:
  KvCache(const ModelConfig& config, size_t num_blocks);

  static size_t BlockBytes(const ModelConfig& config);

  const BlockAllocator& allocator() const { return allocator_; }
  // Positions that fit in all blocks together.
  size_t capacity_tokens() const { return allocator_.num_blocks() * kBlockTokens; }

  // Gives `table`, which is empty, blocks for `tokens` positions; false, and nothing changes, if too few are
  // free. Allocates nothing when the table's capacity suffices.
  bool Reserve(size_t tokens, BlockTable& table);
  // Takes them back.
  void Release(BlockTable& table);

  // Elements from BlockTable::keys[i] (or values[i]) to [kBlockTokens, head_dim] of this layer's head.
  size_t HeadOffset(size_t layer, size_t kv_head) const {
    return layer * 2 * side_ + kv_head * kBlockTokens * head_dim_;
  }
  // The same, to the row of one position.
  size_t RowOffset(size_t layer, size_t kv_head, size_t position) const {
    return HeadOffset(layer, kv_head) + position % kBlockTokens * head_dim_;
  }

 private:
  const size_t head_dim_;
  const size_t side_;   // Elements of one layer's keys in a block.
  const size_t block_;  // Elements of a block.
  AlignedBuffer<float> memory_;
  BlockAllocator allocator_;
};

}  // namespace bitnet
