#include "engine/grammar/stack_pool.h"

#include <algorithm>
#include <bit>

namespace bitnet {
namespace {

// The finalisers of SplitMix64 and MurmurHash3.
uint64_t Scramble(uint64_t x, uint64_t m, uint64_t n) {
  x = (x ^ x >> 30) * m;
  x = (x ^ x >> 27) * n;
  return x ^ x >> 31;
}

// Each union of a step is at least 3 units of work, so that two thirds are in use at most.
constexpr size_t kUnionSlots = StackPool::kMaxStepWork / 2;

}  // namespace

void Fingerprint::Mix(uint64_t value) {
  a = Scramble(a + value + 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB);
  b = Scramble(std::rotl(b, 23) + value + 0xD1B54A32D192ED03, 0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53);
}

IdTable::IdTable(size_t capacity) : slots_(std::bit_ceil(2 * capacity)) {}

void IdTable::Clear() {
  std::ranges::fill(slots_, Slot());
  size_ = 0;
}

void IdTable::Grow() {
  std::vector<Slot> old(2 * slots_.size());
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.id != kFree) {
      size_t i = slot.hash;
      while (slots_[i & (slots_.size() - 1)].id != kFree) {
        ++i;
      }
      slots_[i & (slots_.size() - 1)] = slot;
    }
  }
}

StackPool::StackPool() : ids_(kRoomySets), unions_(kUnionSlots) {
  tops_.reserve(kRoomyTops + kRoomyTops / 2);
  sets_.reserve(kRoomySets + kRoomySets / 2);
  scratch_.reserve(kRoomyTops / 16);
  copies_.reserve(kRoomySets + kRoomySets / 2);
  Clear();
}

void StackPool::Clear() {
  tops_.clear();
  sets_.clear();
  ids_.Clear();
  ++step_;
  Intern({});  // kNone
}

StackPool::Stacks StackPool::Intern(std::span<const Top> tops) {
  Fingerprint fingerprint;
  uint32_t depth = 0;
  for (const Top& top : tops) {
    fingerprint.Mix(top.node);
    fingerprint.Mix(sets_[top.below].fingerprint);
    depth = std::max(depth, sets_[top.below].depth + 1);
  }
  const auto fresh = static_cast<Stacks>(sets_.size());
  const Stacks id = ids_.FindOrAdd(fingerprint.a, fresh,
                                   [&](Stacks other) { return std::ranges::equal(this->tops(other), tops); });
  if (id == fresh) {
    sets_.push_back(
        {static_cast<uint32_t>(tops_.size()), static_cast<uint32_t>(tops.size()), depth, fingerprint});
    tops_.insert(tops_.end(), tops.begin(), tops.end());
  }
  return id;
}

StackPool::Remembered& StackPool::RememberedUnion(Stacks a, Stacks b) {
  for (size_t i = (uint64_t{a} * 0x9E3779B1 + b) * 0x85EBCA77;; ++i) {
    Remembered& slot = unions_[i % kUnionSlots];
    if (slot.step != step_ || (slot.a == a && slot.b == b)) {
      return slot;
    }
  }
}

StackPool::Stacks StackPool::Union(Stacks a, Stacks b, size_t& work) {
  if (a == b || b == kNone || work > kMaxStepWork) {
    return a;
  }
  if (a == kNone) {
    return b;
  }
  if (const Remembered& known = RememberedUnion(a, b); known.step == step_) {
    return known.result;
  }
  work += 1 + sets_[a].count + sets_[b].count;
  const size_t base = scratch_.size();
  for (size_t i = 0, j = 0; i < sets_[a].count || j < sets_[b].count;) {
    const Top* x = i < sets_[a].count ? &tops(a)[i] : nullptr;
    const Top* y = j < sets_[b].count ? &tops(b)[j] : nullptr;
    i += x != nullptr && (y == nullptr || x->node <= y->node) ? 1 : 0;
    j += y != nullptr && (x == nullptr || y->node <= x->node) ? 1 : 0;
    if (x == nullptr || y == nullptr || x->node != y->node) {
      scratch_.push_back(y == nullptr || (x != nullptr && x->node < y->node) ? *x : *y);
    } else {
      const uint32_t node = x->node;
      const Stacks below = Union(x->below, y->below, work);  // x and y may dangle now.
      scratch_.push_back({node, below});
    }
  }
  const Stacks result = Intern({scratch_.data() + base, scratch_.size() - base});
  scratch_.resize(base);
  RememberedUnion(a, b) = {step_, a, b, result};
  return result;
}

StackPool::Stacks StackPool::Copy(const StackPool& from, Stacks stacks) {
  if (stacks == kNone || copies_[stacks] != kNone) {
    return copies_[stacks];
  }
  const size_t base = scratch_.size();
  for (const Top& top : from.tops(stacks)) {
    const Stacks below = Copy(from, top.below);
    scratch_.push_back({top.node, below});
  }
  copies_[stacks] = Intern({scratch_.data() + base, scratch_.size() - base});
  scratch_.resize(base);
  return copies_[stacks];
}

}  // namespace bitnet
