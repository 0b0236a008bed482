// One generation on its way through the scheduler.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/sensors/energy_shares.h"
#include "engine/adapters/adapter_lease.h"
#include "engine/cache/kv_cache.h"
#include "engine/generation.h"
#include "engine/grammar/token_matcher.h"
#include "engine/sampling/sampler.h"
#include "engine/sampling/token_counts.h"
#include "engine/scheduler/pooler.h"
#include "engine/scheduler/prompt_lookup.h"

namespace bitnet {

// Everything it will ever need is allocated when it is made, so that steps allocate nothing.
class Sequence {
 public:
  using Clock = std::chrono::steady_clock;

  // `request` has passed CheckRequest, and `adapters` are those that it names; `end_ids` are the model's end
  // tokens; the sequence may grow to `max_positions` tokens; a step may guess up to `max_draft` more;
  // embeddings have `hidden_dim` dimensions.
  // `matcher` is of the request's constraint and has accepted `generated`.
  Sequence(GenerationId id, GenerationRequest request, GenerationSink* sink, std::span<const int32_t> end_ids,
           size_t max_positions, size_t max_draft, size_t hidden_dim, Clock::time_point submitted,
           AdapterLease adapters = {}, std::unique_ptr<TokenMatcher> matcher = nullptr);

  GenerationId id() const { return id_; }
  std::span<const ActiveAdapter> adapters() const { return adapters_.list(); }
  Priority priority() const { return request_.priority; }
  Clock::time_point submitted() const { return submitted_; }

  size_t num_tokens() const { return tokens_.size(); }
  std::span<const int32_t> tokens() const { return tokens_; }
  size_t num_generated() const { return tokens_.size() - request_.prompt.size(); }
  size_t max_tokens() const { return request_.prompt.size() + max_generated_; }  // Prompt and output.
  bool at_limit() const { return num_generated() >= max_generated_; }
  // Why no token can follow those there are, if so: at_limit, or the constraint allows nothing more.
  std::optional<FinishReason> EndReason() const;

  // Tokens that no step has run yet; one of these is normal for a sequence that decodes.
  size_t num_pending() const { return tokens_.size() - num_cached_; }
  size_t num_cached() const { return num_cached_; }
  void set_cached(size_t n) { num_cached_ = n; }
  // The same, of tokens that were found in the prefix cache.
  void SkipCached(size_t n);
  // Whether one token is all that is to be run, and an answer has begun: not so while a prompt is read, nor
  // while a sequence that lost its blocks reads again what it knew.
  bool decoding() const { return answering_ && num_pending() == 1; }

  // An embedding is wanted, and nothing is chosen.
  bool embeds() const { return pooler_.has_value(); }
  bool needs_hidden(size_t position) const { return embeds() && pooler_->Needs(position, num_tokens()); }
  // Whether positions that are known already may be left out.
  bool may_skip() const { return !embeds() || !pooler_->needs_all(); }
  // The next one that needs_hidden.
  void AddHidden(std::span<const float> hidden) { pooler_->Add(hidden); }

  BlockTable& blocks() { return blocks_; }
  // What its tokens took.
  EnergyAccount& energy() { return energy_; }
  // What its keys and values depend on, up to position n.
  Prefix prefix(size_t n) const { return {tokens().first(n), adapters()}; }

  // Of the highest logits, what the next choice may depend on.
  size_t logits_needed() const;

  // Guesses tokens that follow the pending one, each if take(likelihood) says so, whose argument is the
  // chance that it and all before it are right. Of a sequence that decodes.
  void Draft(absl::FunctionRef<bool(float likelihood)> take);
  // What was guessed since the last Choose; never so much that being right would exceed max_tokens.
  std::span<const int32_t> draft() const { return draft_; }

  // Chooses the next token from its logits, and, while the choice is what was guessed, the one after it.
  // `logits` are those of the pending token and of the draft, [1 + draft size, vocab_size]. May run
  // concurrently with other sequences' Choose.
  void Choose(std::span<const float> logits, Sampler& sampler);
  // Of the last Choose, an end token counted; one more than guesses that were right.
  size_t num_chosen() const { return num_chosen_; }
  // Delivers them, but for an end token; says why the answer ends with them, if it does.
  std::optional<FinishReason> Deliver(Clock::time_point now);

  void Admit(Clock::time_point now);
  // Its blocks were taken away: everything is pending again.
  void Preempt();
  // From then on: its usage tells of how long it was queued, and of what the cache had, the first time.
  bool was_preempted() const { return preempted_; }
  // The last thing done with it; kEmbedded: everything that needs_hidden has been added.
  void Finish(FinishReason reason, Clock::time_point now);

 private:
  // Whether an end token may be the next one.
  bool may_end() const { return num_generated() >= static_cast<size_t>(request_.min_tokens); }
  // Chooses one token and appends it; false if it ends the answer instead, or there is none.
  bool ChooseNext(std::span<const float> logits, Sampler& sampler, GeneratedToken& chosen);

  const GenerationId id_;
  const GenerationRequest request_;
  const AdapterLease adapters_;
  GenerationSink* const sink_;  // Borrowed until Finish.
  size_t max_generated_;
  std::vector<int32_t> end_ids_;  // Of the model and of the request.
  std::vector<int32_t> tokens_;   // Prompt, then output.
  std::optional<PromptLookup> lookup_;
  std::vector<int32_t> draft_;
  size_t num_cached_ = 0;
  bool answering_ = false;  // A token was delivered, or the end.
  bool preempted_ = false;
  BlockTable blocks_;
  TokenCounts counts_;
  std::vector<GeneratedToken> chosen_;  // Of one Choose.
  size_t num_chosen_ = 0;
  std::optional<FinishReason> ended_;      // Instead of the last one of them.
  std::unique_ptr<TokenMatcher> matcher_;  // Null: anything is allowed.
  std::optional<Pooler> pooler_;
  EnergyAccount energy_;
  size_t cached_prompt_tokens_ = 0;
  int drafted_tokens_ = 0;
  int accepted_tokens_ = 0;
  Clock::time_point submitted_, admitted_, first_token_;
};

}  // namespace bitnet
