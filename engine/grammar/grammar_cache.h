// Compiled grammars of a model, by their text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "engine/grammar/constraint.h"
#include "engine/grammar/token_matcher.h"
#include "engine/grammar/token_trie.h"
#include "engine/tokenizer/tokenizer.h"

namespace bitnet {

// Services ask for the same few schemas again and again. Safe to share between threads.
class GrammarCache {
 public:
  // `tokenizer` is borrowed. Its tree of tokens is made when a grammar is first asked for.
  GrammarCache(const Tokenizer* tokenizer, size_t vocab_size)
      : tokenizer_(tokenizer), vocab_size_(vocab_size) {}

  // A matcher for an answer that has begun with these tokens; null without a constraint. INVALID_ARGUMENT:
  // the constraint cannot be compiled, or an answer that it allows does not begin so; the message says which
  // kind of constraint, what is wrong and where.
  absl::StatusOr<std::unique_ptr<TokenMatcher>> NewMatcher(const Constraint& constraint,
                                                           std::span<const int32_t> generated);

 private:
  // Each has up to 2 MiB of masks.
  static constexpr size_t kMaxGrammars = 32;

  absl::StatusOr<std::shared_ptr<const TokenGrammar>> Compiled(const Constraint& constraint);
  std::shared_ptr<const TokenTrie> Trie();

  const Tokenizer* tokenizer_;  // Borrowed.
  const size_t vocab_size_;
  absl::Mutex trie_mutex_;
  std::shared_ptr<const TokenTrie> trie_ ABSL_GUARDED_BY(trie_mutex_);
  absl::Mutex mutex_;
  // The one used last comes first.
  std::list<std::pair<Constraint, std::shared_ptr<const TokenGrammar>>> grammars_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace bitnet
