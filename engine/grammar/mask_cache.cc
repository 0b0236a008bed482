#include "engine/grammar/mask_cache.h"

#include <algorithm>

namespace bitnet {
namespace {

// 131 masks of 128k tokens. A schema's states that take long to look at, those within strings, are fewer.
constexpr size_t kMaxBytes = size_t{2} << 20;

}  // namespace

MaskCache::MaskCache(size_t mask_words)
    : max_slots_(std::clamp<size_t>(kMaxBytes / (8 * mask_words), 16, 1024)) {
  slots_.reserve(max_slots_);
  slot_of_.reserve(max_slots_ + 1);
}

bool MaskCache::Find(const Fingerprint& state, std::span<uint64_t> mask) {
  absl::MutexLock lock(&mutex_);
  const auto at = slot_of_.find(state);
  if (at == slot_of_.end()) {
    return false;
  }
  Slot& slot = slots_[at->second];
  slot.last_use = ++uses_;
  std::ranges::copy(slot.mask, mask.begin());
  return true;
}

void MaskCache::Insert(const Fingerprint& state, std::span<const uint64_t> mask) {
  absl::MutexLock lock(&mutex_);
  if (slot_of_.contains(state)) {
    return;
  }
  size_t index = slots_.size();
  if (index < max_slots_) {
    slots_.emplace_back();
  } else {
    index = std::ranges::min_element(slots_, {}, &Slot::last_use) - slots_.begin();
    slot_of_.erase(slots_[index].state);
  }
  Slot& slot = slots_[index];
  slot.state = state;
  slot.last_use = ++uses_;
  slot.mask.assign(mask.begin(), mask.end());
  slot_of_.emplace(state, index);
}

}  // namespace bitnet
