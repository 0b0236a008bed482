// Masks of a grammar's states that were met before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "engine/grammar/stack_pool.h"

namespace bitnet {

// Shared by all answers with the same grammar, and by their threads. Bounded; the one that has not been used
// for the longest time makes room. Allocates for each mask until it is full, then never again.
class MaskCache {
 public:
  explicit MaskCache(size_t mask_words);

  // Copies the mask of a state into `mask`, if it is there.
  bool Find(const Fingerprint& state, std::span<uint64_t> mask);
  void Insert(const Fingerprint& state, std::span<const uint64_t> mask);

 private:
  struct Slot {
    Fingerprint state;
    uint64_t last_use = 0;
    std::vector<uint64_t> mask;
  };
  struct Hash {
    size_t operator()(const Fingerprint& state) const { return state.a; }
  };

  absl::Mutex mutex_;
  const size_t max_slots_;
  uint64_t uses_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Slot> slots_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<Fingerprint, size_t, Hash> slot_of_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace bitnet
