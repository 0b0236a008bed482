#include "engine/cache/prefix_cache.h"

#include <algorithm>
#include <bit>
#include <cassert>

#include "absl/hash/hash.h"
#include "absl/types/span.h"

namespace bitnet {

PrefixCache::PrefixCache(int num_blocks, Hash* hash)
    : hash_(hash), entries_(num_blocks), slots_(std::bit_ceil<size_t>(num_blocks), kNoBlock) {}

uint64_t PrefixCache::HashTokens(uint64_t before, Tokens tokens) {
  return absl::HashOf(before, absl::MakeConstSpan(tokens.data(), tokens.size()));
}

PrefixCache::AdapterKeys PrefixCache::KeysOf(std::span<const ActiveAdapter> adapters) {
  assert(adapters.size() <= kMaxAdaptersPerRequest);
  AdapterKeys keys{};
  std::ranges::transform(adapters, keys.begin(), [](const ActiveAdapter& active) {
    return AdapterKey{active.adapter->serial(), std::bit_cast<uint32_t>(active.scale)};
  });
  return keys;
}

uint64_t PrefixCache::HashOf(const Key& key) const {
  if (key.predecessor != kNoBlock) {
    return hash_(entries_[key.predecessor].hash, key.tokens);
  }
  uint64_t adapters = 0;
  for (const AdapterKey& adapter : KeysOf(key.adapters)) {
    adapters = absl::HashOf(adapters, adapter.serial, adapter.scale_bits);
  }
  return hash_(adapters, key.tokens);
}

bool PrefixCache::Matches(const Entry& entry, const Key& key) const {
  return entry.predecessor == key.predecessor && std::ranges::equal(entry.tokens, key.tokens) &&
         (key.predecessor != kNoBlock || entry.adapters == KeysOf(key.adapters));
}

int32_t PrefixCache::Find(const Key& key) const {
  const uint64_t hash = HashOf(key);
  int32_t block = slots_[hash % slots_.size()];
  while (block != kNoBlock && !(entries_[block].hash == hash && Matches(entries_[block], key))) {
    block = entries_[block].next;
  }
  return block;
}

void PrefixCache::Insert(int32_t block, const Key& key) {
  assert(!Contains(block) && Find(key) == kNoBlock);
  const uint64_t hash = HashOf(key);
  Entry& entry = entries_[block];
  entry = {.present = true,
           .hash = hash,
           .next = Slot(hash),
           .predecessor = key.predecessor,
           .num_successors = 0,
           .tokens = {},
           .adapters = KeysOf(key.adapters)};
  std::ranges::copy(key.tokens, entry.tokens.begin());
  Slot(hash) = block;
  if (key.predecessor != kNoBlock) {
    ++entries_[key.predecessor].num_successors;
  }
}

void PrefixCache::Erase(int32_t block) {
  Entry& entry = entries_[block];
  assert(entry.present && entry.num_successors == 0);
  int32_t* link = &Slot(entry.hash);
  while (*link != block) {
    link = &entries_[*link].next;
  }
  *link = entry.next;
  if (entry.predecessor != kNoBlock) {
    --entries_[entry.predecessor].num_successors;
  }
  entry.present = false;
}

}  // namespace bitnet
