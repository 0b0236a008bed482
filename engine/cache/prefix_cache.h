// Finds the block that holds certain tokens after certain others (as vLLM's automatic prefix caching).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/adapters/adapter.h"
#include "engine/cache/block_table.h"
#include "engine/generation.h"

namespace bitnet {

inline constexpr int32_t kNoBlock = -1;

// Keys and values of a position depend on the tokens up to it and on the adapters in use, and by the
// definition of the numerics on nothing else, to the bit. So a full block is known by what came before it and
// by its own tokens, and one that is found is as good as one that is computed.
//
// What came before is named by the block that holds it. This is exact, since a block's predecessor is in this
// map as long as the block itself: whoever holds a block holds its predecessor too and gives it back later,
// so the allocator, which gives out kept blocks in the order of their return, comes to the block first. A
// hash, chained over the predecessor's, only finds the place to look; tokens, predecessor and adapters are
// compared, and no collision can give a wrong answer.
//
// Allocates nothing after construction. Knows nothing of references: KvCache does.
class PrefixCache {
 public:
  using Tokens = std::span<const int32_t, kBlockTokens>;
  using Hash = uint64_t(uint64_t before, Tokens tokens);

  struct Key {
    int32_t predecessor;                      // A block that is in here; kNoBlock at position 0.
    std::span<const ActiveAdapter> adapters;  // The sequence's, at most kMaxAdaptersPerRequest.
    Tokens tokens;
  };

  // Blocks are numbered 0 to num_blocks - 1. Tests bring a hash of their own.
  explicit PrefixCache(int num_blocks, Hash* hash = HashTokens);

  // The block with this key, or kNoBlock.
  int32_t Find(const Key& key) const;
  // Neither `block` nor the key is in here.
  void Insert(int32_t block, const Key& key);
  // `block` is in here, and is no other's predecessor.
  void Erase(int32_t block);
  bool Contains(int32_t block) const { return entries_[block].present; }

  static uint64_t HashTokens(uint64_t before, Tokens tokens);

 private:
  // An adapter as keys and values depend on it. The scale's bits: -0 is not 0.
  struct AdapterKey {
    uint64_t serial;
    uint32_t scale_bits;
    bool operator==(const AdapterKey&) const = default;
  };
  // Unused entries have no adapter's serial.
  using AdapterKeys = std::array<AdapterKey, kMaxAdaptersPerRequest>;

  struct Entry {
    bool present = false;
    uint64_t hash;
    int32_t next;  // With a hash in the same slot; kNoBlock at the end.
    int32_t predecessor;
    int32_t num_successors;
    std::array<int32_t, kBlockTokens> tokens;
    AdapterKeys adapters;  // Of a first block; those behind it have the same.
  };

  static AdapterKeys KeysOf(std::span<const ActiveAdapter> adapters);
  uint64_t HashOf(const Key& key) const;
  bool Matches(const Entry& entry, const Key& key) const;
  int32_t& Slot(uint64_t hash) { return slots_[hash % slots_.size()]; }

  Hash* const hash_;
  std::vector<Entry> entries_;  // By block.
  std::vector<int32_t> slots_;  // The first block of each chain of entries.
};

}  // namespace bitnet
