#include "engine/grammar/pushdown.h"

#include <algorithm>

namespace bitnet {
namespace {

constexpr size_t kRoomyStates = 1024;  // With 64 classes, a quarter of a megabyte of transitions.
constexpr size_t kRoomyPlaces = 16384;

}  // namespace

Pushdown::Pushdown(const Grammar* grammar)
    : grammar_(grammar),
      num_classes_(grammar->num_classes()),
      state_ids_(kRoomyStates),
      reached_(grammar->num_nodes()) {
  states_.reserve(kRoomyStates + 2);
  old_states_.reserve(kRoomyStates + 2);
  places_.reserve(kRoomyPlaces + kMaxPlaces);
  old_places_.reserve(kRoomyPlaces + kMaxPlaces);
  transitions_.reserve((kRoomyStates + 2) * num_classes_);
  found_.reserve(kMaxPlaces);
  queue_.reserve(kMaxPlaces);
  Clear();
}

void Pushdown::Clear() {
  stacks_.Clear();
  states_.clear();
  places_.clear();
  transitions_.clear();
  state_ids_.Clear();
  InternState({}, false);  // kDead
  std::ranges::fill(transitions_, kDead);
}

Pushdown::State Pushdown::Start() {
  ++closure_;
  Reach(grammar_->start(), StackPool::kNone);
  return Close();
}

Pushdown::State Pushdown::Compute(State state, uint8_t byte_class) {
  ++closure_;
  const StateData& data = states_[state];
  for (uint32_t i = data.first_place; i < data.first_place + data.num_places; ++i) {
    const GrammarNode& node = grammar_->node(places_[i].node);
    if (grammar_->Matches(node, byte_class)) {
      Reach(node.next, places_[i].stacks);
    }
  }
  const State next = Close();
  transitions_[state * num_classes_ + byte_class] = next;
  return next;
}

void Pushdown::Reach(uint32_t node, StackPool::Stacks stacks) {
  ++work_;
  Reached& reached = reached_[node];
  if (reached.closure != closure_) {
    reached = {closure_, stacks, false};
  } else {
    const StackPool::Stacks both = stacks_.Union(reached.stacks, stacks, work_);
    if (both == reached.stacks) {
      return;
    }
    reached.stacks = both;
  }
  if (!reached.queued) {
    reached.queued = true;
    queue_.push_back(node);
  }
}

void Pushdown::Expand(uint32_t id) {
  const GrammarNode& node = grammar_->node(id);
  const StackPool::Stacks stacks = reached_[id].stacks;
  switch (node.kind) {
    case GrammarNode::Kind::kAccept:
      accepting_ = true;
      break;
    case GrammarNode::Kind::kBytes:
      found_.push_back({id, stacks});  // Its stacks may become more; see Close.
      break;
    case GrammarNode::Kind::kSplit:
      for (uint32_t branch : grammar_->branches(node)) {
        Reach(branch, stacks);
      }
      break;
    case GrammarNode::Kind::kCall:
      if (node.next == kEndNode) {
        Reach(node.value, stacks);  // Nothing to come back for.
      } else if (stacks_.depth(stacks) < kMaxStackDepth) {
        Reach(node.value, stacks_.Push(node.next, stacks));
      }
      break;
    case GrammarNode::Kind::kEnd:
      for (size_t i = 0; i < stacks_.tops(stacks).size(); ++i) {
        const StackPool::Top top = stacks_.tops(stacks)[i];
        Reach(top.node, top.below);
      }
  }
}

Pushdown::State Pushdown::Close() {
  stacks_.BeginStep();
  accepting_ = false;
  found_.clear();
  for (size_t i = 0; i < queue_.size() && work_ <= kMaxStepWork; ++i) {
    const uint32_t node = queue_[i];
    reached_[node].queued = false;
    Expand(node);
  }
  const bool too_much = work_ > kMaxStepWork;
  queue_.clear();
  work_ = 0;
  std::ranges::sort(found_, {}, &Place::node);
  const auto is_same = [](const Place& a, const Place& b) { return a.node == b.node; };
  found_.erase(std::unique(found_.begin(), found_.end(), is_same), found_.end());
  if (too_much || found_.size() > kMaxPlaces) {
    return kDead;
  }
  for (Place& place : found_) {
    place.stacks = reached_[place.node].stacks;
  }
  return InternState(found_, accepting_);
}

Pushdown::State Pushdown::InternState(std::span<const Place> places, bool accepting) {
  Fingerprint fingerprint;
  fingerprint.Mix(accepting ? 1 : 0);
  for (const Place& place : places) {
    fingerprint.Mix(place.node);
    fingerprint.Mix(stacks_.fingerprint(place.stacks));
  }
  const auto fresh = static_cast<State>(states_.size());
  const State id = state_ids_.FindOrAdd(fingerprint.a, fresh, [&](State other) {
    const StateData& data = states_[other];
    return data.accepting == accepting &&
           std::ranges::equal(std::span(places_).subspan(data.first_place, data.num_places), places);
  });
  if (id == fresh) {
    states_.push_back({static_cast<uint32_t>(places_.size()), static_cast<uint32_t>(places.size()), accepting,
                       fingerprint});
    places_.insert(places_.end(), places.begin(), places.end());
    transitions_.resize(transitions_.size() + num_classes_, kUnknown);
  }
  return id;
}

bool Pushdown::crowded() const {
  return stacks_.crowded() || states_.size() > kRoomyStates || places_.size() > kRoomyPlaces;
}

void Pushdown::Compact(std::span<State> live) {
  std::swap(stacks_, old_stacks_);
  std::swap(states_, old_states_);
  std::swap(places_, old_places_);
  Clear();
  stacks_.BeginCopies(old_stacks_);
  for (State& state : live) {
    const StateData& data = old_states_[state];
    found_.assign(old_places_.begin() + data.first_place,
                  old_places_.begin() + data.first_place + data.num_places);
    for (Place& place : found_) {
      place.stacks = stacks_.Copy(old_stacks_, place.stacks);
    }
    state = InternState(found_, data.accepting);
  }
}

}  // namespace bitnet
