// Where the keys and values of one sequence lie.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/attention/kv_tile.h"

namespace bitnet {

inline constexpr size_t kBlockTokens = kKvTileTokens;

// Blocks that `tokens` positions need.
constexpr size_t NumBlocks(size_t tokens) { return (tokens + kBlockTokens - 1) / kBlockTokens; }

// The blocks of one sequence: position t is in entry t / kBlockTokens. KvCache fills it.
struct BlockTable {
  std::vector<int32_t> blocks;
  std::vector<std::byte*> data;  // Where each block begins.
  // Of the first blocks: those that the prefix cache knows, full and never written again. Other sequences
  // may hold them too.
  size_t num_published = 0;

  void ReserveCapacity(size_t num_blocks) {
    blocks.reserve(num_blocks);
    data.reserve(num_blocks);
  }
};

}  // namespace bitnet
