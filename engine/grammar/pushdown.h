// Runs a grammar, byte by byte, without ever going back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "engine/grammar/grammar.h"
#include "engine/grammar/stack_pool.h"

namespace bitnet {

// All that could still happen after the bytes so far, at once: a set of places in the grammar, each with the
// set of stacks it can have. A place is there once, since the stacks of two ways to come to it are joined,
// and stacks are kept as what they share (StackPool); so neither ambiguity nor depth multiplies the work,
// which llama.cpp's explicit list of stacks and any backtracking would let it.
//
// States are numbered as they are met, with their transitions, by class of bytes: the second time, a step is
// one look into a table. What is remembered is bounded, and forgotten by Compact: what a state accepts does
// not depend on what has been remembered, nor in which order things were met.
//
// Bytes that would need more than these are not accepted, as if the grammar did not have them:
//   kMaxStackDepth  rules within rules; calls at a rule's end do not count.
//   kMaxPlaces      places at once.
//   kMaxStepWork    operations for one byte.
class Pushdown {
 public:
  using State = uint32_t;
  static constexpr State kDead = 0;  // Nothing may follow, and the text must not end here.
  static constexpr size_t kMaxStackDepth = 1024;
  static constexpr size_t kMaxPlaces = 1024;
  static constexpr size_t kMaxStepWork = StackPool::kMaxStepWork;

  explicit Pushdown(const Grammar* grammar);  // Borrowed.

  // At the beginning of a text. Valid until Compact.
  State Start();
  // After one more byte.
  State Step(State state, uint8_t byte) {
    const uint8_t byte_class = grammar_->byte_class(byte);
    const State next = transitions_[state * num_classes_ + byte_class];
    return next != kUnknown ? next : Compute(state, byte_class);
  }

  // Whether the text may end here.
  bool accepting(State state) const { return states_[state].accepting; }
  // Whether it must.
  bool complete(State state) const { return accepting(state) && states_[state].num_places == 0; }
  // Of what can follow: equal for equal states of any Pushdown of the same grammar, and different for others.
  const Fingerprint& fingerprint(State state) const { return states_[state].fingerprint; }

  // Whether so much is remembered that Compact should be called. A step adds a little; no step fails.
  bool crowded() const;
  // Forgets all but these states, and gives them new numbers.
  void Compact(std::span<State> live);

 private:
  struct Place {
    uint32_t node;  // Of kind kBytes.
    StackPool::Stacks stacks;
    bool operator==(const Place&) const = default;
  };
  struct StateData {
    uint32_t first_place;
    uint32_t num_places;
    bool accepting;
    Fingerprint fingerprint;
  };
  static constexpr State kUnknown = ~uint32_t{0};

  State Compute(State state, uint8_t byte_class);
  // Follows everything that needs no byte, from what Reach was told since the last time.
  State Close();
  void Reach(uint32_t node, StackPool::Stacks stacks);
  void Expand(uint32_t node);
  State InternState(std::span<const Place> places, bool accepting);
  void Clear();

  const Grammar* grammar_;  // Borrowed.
  const size_t num_classes_;
  StackPool stacks_;
  StackPool old_stacks_;  // While compacting.
  std::vector<StateData> states_;
  std::vector<StateData> old_states_;
  std::vector<Place> places_;
  std::vector<Place> old_places_;
  std::vector<State> transitions_;  // [state, class]
  IdTable state_ids_;

  // Of one closure.
  struct Reached {
    uint64_t closure = 0;  // The last one that came here.
    StackPool::Stacks stacks = 0;
    bool queued = false;
  };
  uint64_t closure_ = 0;
  std::vector<Reached> reached_;  // By node.
  std::vector<uint32_t> queue_;
  std::vector<Place> found_;
  size_t work_ = 0;
  bool accepting_ = false;
};

}  // namespace bitnet
