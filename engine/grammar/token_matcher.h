// Which tokens a grammar allows next, for one answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "engine/grammar/grammar.h"
#include "engine/grammar/mask_cache.h"
#include "engine/grammar/pushdown.h"
#include "engine/grammar/token_trie.h"

namespace bitnet {

// A grammar and a vocabulary. Safe to share between threads.
class TokenGrammar {
 public:
  TokenGrammar(Grammar grammar, std::shared_ptr<const TokenTrie> trie)
      : grammar_(std::move(grammar)), trie_(std::move(trie)), masks_((trie_->vocab_size() + 63) / 64) {}

  const Grammar& grammar() const { return grammar_; }
  const TokenTrie& trie() const { return *trie_; }
  MaskCache& masks() const { return masks_; }

 private:
  const Grammar grammar_;
  const std::shared_ptr<const TokenTrie> trie_;
  mutable MaskCache masks_;
};

// Follows an answer. What it allows is a function of the grammar, the vocabulary and the tokens so far; an
// answer that goes on elsewhere is at the same place there. Used by one thread at a time.
//
// All is allocated when it is made, but for a new mask in the cache they share until that is full, and for
// grammars with more places or deeper stacks at once than Pushdown has room for.
class TokenMatcher {
 public:
  explicit TokenMatcher(std::shared_ptr<const TokenGrammar> grammar);

  // Goes on by one token of the answer; false, and nothing is changed, if it may not come next. `token` is
  // no end token.
  bool Accept(int32_t token);

  // Whether the answer may end here.
  bool accepting() const { return pushdown_.accepting(state_); }
  // Whether neither that nor anything else is possible: of a grammar that needs more places at once, from
  // its beginning, than Pushdown has.
  bool impossible() const { return state_ == Pushdown::kDead; }
  // Whether it must end: nothing may follow.
  bool complete() const { return pushdown_.complete(state_); }

  // One bit for each token that may come next: those whose bytes fit, and `end_ids`, whatever their bytes,
  // where the answer may end, if `may_end`. Valid until the next call.
  std::span<const uint64_t> Allowed(std::span<const int32_t> end_ids, bool may_end);

  // Follows a guess at the next tokens, from where the answer is, without going on itself.
  void BeginGuess() { guess_ = state_; }
  bool AcceptGuess(int32_t token) { return Follow(token, guess_); }

 private:
  bool Follow(int32_t token, Pushdown::State& state);
  // Walks the vocabulary; returns how many of its nodes were looked at.
  size_t FillMask();

  const std::shared_ptr<const TokenGrammar> grammar_;
  Pushdown pushdown_;
  Pushdown::State state_;
  Pushdown::State guess_;
  std::vector<Pushdown::State> path_;  // Of a walk: states after each byte of a token.
  std::vector<uint64_t> mask_;
};

}  // namespace bitnet
