// Keys and values of all sequences, in blocks of 16 positions (as in PagedAttention, arXiv 2309.06180).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "engine/adapters/adapter.h"
#include "engine/aligned_buffer.h"
#include "engine/cache/block_allocator.h"
#include "engine/cache/block_table.h"
#include "engine/cache/prefix_cache.h"
#include "engine/model/model_config.h"
#include "kernels/attention/kv_tile.h"

namespace bitnet {

// What keys and values depend on: the first tokens of a sequence, and the adapters that it uses.
struct Prefix {
  std::span<const int32_t> tokens;
  std::span<const ActiveAdapter> adapters;
};

// A block is one tile (kernels/attention/kv_tile.h) for each key-value head of each layer, layer after layer,
// so a layer's head reads its 16 keys and values in one piece, and the blocks of a sequence may lie anywhere.
// Memory is taken from the system at creation but touched only when a position is first written.
//
// Sequences take blocks as they grow. With `keep_prefixes`, blocks that are full can be published: they are
// then shared with sequences that begin with the same tokens, and stay so when no one holds them any more,
// until their memory is needed. Only methods that say so change a table, and none allocates anything if the
// table's capacity suffices.
class KvCache {
 public:
  KvCache(const ModelConfig& config, size_t num_blocks, KvType type, bool keep_prefixes = false);

  static size_t BlockBytes(const ModelConfig& config, KvType type);

  KvType type() const { return type_; }
  // All blocks, by number, for who reads and writes them by number.
  std::span<std::byte> memory() const { return memory_.span(); }
  bool keeps_prefixes() const { return prefixes_.has_value(); }
  const BlockAllocator& allocator() const { return allocator_; }
  // Positions that fit in all blocks together.
  size_t capacity_tokens() const { return allocator_.num_blocks() * kBlockTokens; }
  // Blocks that no sequence holds, kept prefixes among them.
  size_t num_free() const { return allocator_.num_free(); }

  // Blocks that `table` lacks for `tokens` positions.
  static size_t BlocksMissing(size_t tokens, const BlockTable& table);
  // Adds these blocks to `table`; false, and nothing changes, if too few are free.
  bool Reserve(size_t tokens, BlockTable& table);
  // Takes blocks back that are not needed for `tokens` positions. What is published is needed.
  void Trim(size_t tokens, BlockTable& table);
  // Takes all back.
  void Release(BlockTable& table) { Trim(0, table); }

  // `table` has the keys and values of the prefix's first `done` tokens. If these fill the blocks that it has
  // published, it goes on with published blocks of other sequences, also in the place of own ones, for as
  // long as there are some for the prefix's tokens. Returns the new `done`.
  size_t Adopt(const Prefix& prefix, size_t done, BlockTable& table);
  // `table` has the keys and values of all the prefix's tokens: publishes the blocks that they fill, or
  // exchanges them for equal ones that are published already.
  void Publish(const Prefix& prefix, BlockTable& table);

  // Bytes from BlockTable::data[i] to the tile of this layer's head.
  size_t TileOffset(size_t layer, size_t kv_head) const {
    return (layer * num_kv_heads_ + kv_head) * tile_bytes_;
  }

 private:
  std::byte* DataOf(int32_t block) { return memory_.data() + block * block_bytes_; }
  // Of the first block of `table` that is not published.
  static PrefixCache::Key NextKey(const Prefix& prefix, const BlockTable& table);
  // Makes a published block the table's next one.
  void TakePublished(int32_t block, BlockTable& table);

  const KvType type_;
  const size_t num_kv_heads_;
  const size_t tile_bytes_;
  const size_t block_bytes_;
  AlignedBuffer<std::byte> memory_;
  BlockAllocator allocator_;
  std::optional<PrefixCache> prefixes_;
};

}  // namespace bitnet
