#include "engine/grammar/token_matcher.h"

#include <algorithm>

namespace bitnet {
namespace {

// A walk over fewer nodes takes about as long as looking for its mask and copying it.
constexpr size_t kShortWalk = 2048;

}  // namespace

TokenMatcher::TokenMatcher(std::shared_ptr<const TokenGrammar> grammar)
    : grammar_(std::move(grammar)),
      pushdown_(&grammar_->grammar()),
      state_(pushdown_.Start()),
      guess_(state_),
      path_(grammar_->trie().longest() + 1),
      mask_((grammar_->trie().vocab_size() + 63) / 64) {}

bool TokenMatcher::Accept(int32_t token) { return Follow(token, state_); }

bool TokenMatcher::Follow(int32_t token, Pushdown::State& state) {
  const std::span<const uint8_t> bytes = grammar_->trie().bytes(token);
  Pushdown::State next = bytes.empty() ? Pushdown::kDead : state;
  for (uint8_t byte : bytes) {
    if (pushdown_.crowded()) {
      Pushdown::State live[] = {state_, guess_, next};
      pushdown_.Compact(live);
      state_ = live[0];
      guess_ = live[1];
      next = live[2];
    }
    next = pushdown_.Step(next, byte);
  }
  if (next == Pushdown::kDead) {
    return false;
  }
  state = next;
  return true;
}

std::span<const uint64_t> TokenMatcher::Allowed(std::span<const int32_t> end_ids, bool may_end) {
  MaskCache& masks = grammar_->masks();
  // Copied, since numbers of states change in a walk.
  const Fingerprint fingerprint = pushdown_.fingerprint(state_);
  if (!masks.Find(fingerprint, mask_) && FillMask() > kShortWalk) {
    masks.Insert(fingerprint, mask_);
  }
  const bool ends = may_end && accepting();
  for (int32_t id : end_ids) {
    const uint64_t bit = uint64_t{1} << id % 64;
    mask_[id / 64] = ends ? mask_[id / 64] | bit : mask_[id / 64] & ~bit;
  }
  return mask_;
}

size_t TokenMatcher::FillMask() {
  std::ranges::fill(mask_, 0);
  const TokenTrie& trie = grammar_->trie();
  const std::span<const TokenTrie::Node> nodes = trie.nodes();
  size_t looked_at = 0;
  path_[0] = state_;
  for (size_t i = 0; i < nodes.size();) {
    const TokenTrie::Node& node = nodes[i];
    ++looked_at;
    const Pushdown::State next = pushdown_.Step(path_[node.depth - 1], node.byte);
    if (next == Pushdown::kDead) {
      i = node.after;
      continue;
    }
    path_[node.depth] = next;
    for (int32_t token : trie.tokens(i)) {
      mask_[token / 64] |= uint64_t{1} << token % 64;
    }
    if (pushdown_.crowded()) {
      pushdown_.Compact({path_.data(), size_t{node.depth} + 1});
      state_ = guess_ = path_[0];  // Nobody guesses meanwhile.
    }
    ++i;
  }
  return looked_at;
}

}  // namespace bitnet
