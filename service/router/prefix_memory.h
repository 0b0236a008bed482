// Which worker had a prompt's beginning last.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace bitnet {

// Remembers kSlots beginnings; a new one may take the place of an old one. A wrong guess costs a prefill and
// nothing else, so there is no need to be exact.
class PrefixMemory {
 public:
  // Of the first tokens, which stand for a system prompt or a conversation; 0 if there are too few to matter.
  static uint64_t Hash(std::span<const uint32_t> prompt) {
    if (prompt.size() < kFewest) {
      return 0;
    }
    uint64_t hash = 0xcbf29ce484222325;  // FNV-1a, a token at a time.
    for (const uint32_t token : prompt.first(prompt.size() < kTokens ? prompt.size() : kTokens)) {
      hash = (hash ^ token) * 0x100000001b3;
    }
    return hash == 0 ? 1 : hash;
  }

  std::optional<size_t> Find(uint64_t hash) const {
    const Slot& slot = slots_[hash % kSlots];
    return hash != 0 && slot.hash == hash ? std::optional(slot.worker) : std::nullopt;
  }
  void Store(uint64_t hash, size_t worker) {
    if (hash != 0) {
      slots_[hash % kSlots] = {hash, worker};
    }
  }

 private:
  static constexpr size_t kFewest = 16;  // A KV block's worth.
  static constexpr size_t kTokens = 64;
  static constexpr size_t kSlots = 4099;  // A prime: the hash's low bits alone are weak.

  struct Slot {
    uint64_t hash = 0;
    size_t worker = 0;
  };
  std::array<Slot, kSlots> slots_ = {};
};

}  // namespace bitnet
