#include "engine/grammar/grammar_cache.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "engine/grammar/grammar_text.h"
#include "engine/grammar/json_schema.h"
#include "engine/grammar/regex.h"

namespace bitnet {
namespace {

absl::StatusOr<Grammar> Compile(const Constraint& constraint) {
  switch (constraint.kind) {
    case ConstraintKind::kJsonSchema:
      return CompileJsonSchema(constraint.text);
    case ConstraintKind::kRegex:
      return CompileRegex(constraint.text);
    case ConstraintKind::kGrammar:
      return CompileGrammarText(constraint.text);
    case ConstraintKind::kJsonObject:
    case ConstraintKind::kNone:
      break;
  }
  return CompileJsonObject();
}

const char* NameOf(ConstraintKind kind) {
  switch (kind) {
    case ConstraintKind::kJsonSchema:
      return "json_schema";
    case ConstraintKind::kRegex:
      return "regex";
    case ConstraintKind::kGrammar:
      return "grammar";
    default:
      return "json_object";
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<TokenMatcher>> GrammarCache::NewMatcher(const Constraint& constraint,
                                                                       std::span<const int32_t> generated) {
  if (constraint.kind == ConstraintKind::kNone) {
    return nullptr;
  }
  ASSIGN_OR_RETURN(std::shared_ptr<const TokenGrammar> grammar, Compiled(constraint));
  auto matcher = std::make_unique<TokenMatcher>(std::move(grammar));
  if (matcher->impossible()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: there are too many ways to begin; %d places at once are possible",
                        NameOf(constraint.kind), Pushdown::kMaxPlaces));
  }
  for (size_t i = 0; i < generated.size(); ++i) {
    if (!matcher->Accept(generated[i])) {
      return absl::InvalidArgumentError(absl::StrFormat("generated[%d] is %d, which %s does not allow there",
                                                        i, generated[i], NameOf(constraint.kind)));
    }
  }
  return matcher;
}

absl::StatusOr<std::shared_ptr<const TokenGrammar>> GrammarCache::Compiled(const Constraint& constraint) {
  {
    absl::MutexLock lock(&mutex_);
    const auto at = std::ranges::find(grammars_, constraint,
                                      [](const auto& entry) -> const Constraint& { return entry.first; });
    if (at != grammars_.end()) {
      grammars_.splice(grammars_.begin(), grammars_, at);
      return at->second;
    }
  }
  // Others may compile meanwhile, the same one perhaps: that costs time, not truth.
  absl::StatusOr<Grammar> grammar = Compile(constraint);
  if (!grammar.ok()) {
    return absl::Status(grammar.status().code(),
                        absl::StrCat(NameOf(constraint.kind), ": ", grammar.status().message()));
  }
  auto compiled = std::make_shared<const TokenGrammar>(*std::move(grammar), Trie());
  absl::MutexLock lock(&mutex_);
  grammars_.emplace_front(constraint, compiled);
  if (grammars_.size() > kMaxGrammars) {
    grammars_.pop_back();
  }
  return compiled;
}

std::shared_ptr<const TokenTrie> GrammarCache::Trie() {
  absl::MutexLock lock(&trie_mutex_);
  if (trie_ == nullptr) {
    trie_ = std::make_shared<const TokenTrie>(*tokenizer_, vocab_size_);
  }
  return trie_;
}

}  // namespace bitnet
