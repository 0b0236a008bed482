// Sets of stacks, which share what they have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace bitnet {

// 128 bits that tell contents apart whatever their numbers are. Somebody who looks for collisions can spoil
// masks of a grammar of his own, no others.
struct Fingerprint {
  uint64_t a = 0;
  uint64_t b = 0;

  bool operator==(const Fingerprint&) const = default;
  void Mix(uint64_t value);
  void Mix(const Fingerprint& other) {
    Mix(other.a);
    Mix(other.b);
  }
};

// Finds numbers by a hash of what they stand for. Grows only beyond what was reserved.
class IdTable {
 public:
  explicit IdTable(size_t capacity);

  // The number with this hash for which `equal` holds, or `fresh`, which is added.
  template <typename Equal>
  uint32_t FindOrAdd(uint64_t hash, uint32_t fresh, const Equal& equal) {
    if (2 * (size_ + 1) > slots_.size()) {
      Grow();
    }
    for (size_t i = hash;; ++i) {
      Slot& slot = slots_[i & (slots_.size() - 1)];
      if (slot.id == kFree) {
        slot = {hash, fresh};
        ++size_;
        return fresh;
      }
      if (slot.hash == hash && equal(slot.id)) {
        return slot.id;
      }
    }
  }
  void Clear();

 private:
  struct Slot {
    uint64_t hash = 0;
    uint32_t id = kFree;
  };
  static constexpr uint32_t kFree = ~uint32_t{0};

  void Grow();

  std::vector<Slot> slots_;  // A power of two, at most half in use.
  size_t size_ = 0;
};

// A set of stacks is what can be on top, each with the set of stacks below it: the same set has the same
// number, and below one top there is one set. The union of two sets is therefore made from the top down, as
// far as they differ.
class StackPool {
 public:
  using Stacks = uint32_t;
  static constexpr Stacks kNone = 0;  // No stacks at all.
  static constexpr size_t kMaxStepWork = 8192;

  struct Top {
    uint32_t node;  // Where a rule's caller goes on.
    Stacks below;
    bool operator==(const Top&) const = default;
  };

  StackPool();

  Stacks Push(uint32_t node, Stacks below) {
    const Top top = {node, below};
    return Intern({&top, 1});
  }
  // Adds to `work` what it took, which depends on the two sets' contents and on the unions since BeginStep.
  // The result is of no use once that is more than kMaxStepWork.
  Stacks Union(Stacks a, Stacks b, size_t& work);
  void BeginStep() { ++step_; }

  std::span<const Top> tops(Stacks stacks) const {
    return {tops_.data() + sets_[stacks].first, sets_[stacks].count};
  }
  size_t depth(Stacks stacks) const { return sets_[stacks].depth; }
  const Fingerprint& fingerprint(Stacks stacks) const { return sets_[stacks].fingerprint; }

  bool crowded() const { return tops_.size() > kRoomyTops || sets_.size() > kRoomySets; }
  void Clear();
  // Takes over a set of another pool. `copies` are those it made before.
  Stacks Copy(const StackPool& from, Stacks stacks);
  void BeginCopies(const StackPool& from) { copies_.assign(from.sets_.size(), kNone); }

 private:
  // With their tables, half a megabyte. Answers that wait have them, too.
  static constexpr size_t kRoomyTops = 8192;
  static constexpr size_t kRoomySets = 4096;

  struct Set {
    uint32_t first;  // Top.
    uint32_t count;
    uint32_t depth;
    Fingerprint fingerprint;
  };
  struct Remembered {
    uint64_t step = 0;
    Stacks a = 0;
    Stacks b = 0;
    Stacks result = 0;
  };

  Stacks Intern(std::span<const Top> tops);  // By rising node.
  Remembered& RememberedUnion(Stacks a, Stacks b);

  std::vector<Top> tops_;
  std::vector<Set> sets_;
  IdTable ids_;
  std::vector<Top> scratch_;  // Of unions under way.
  uint64_t step_ = 1;
  std::vector<Remembered> unions_;  // Of this step.
  std::vector<Stacks> copies_;
};

}  // namespace bitnet
