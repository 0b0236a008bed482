#include "engine/scheduler/sequence.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "absl/time/time.h"
#include "engine/sampling/logits_needed.h"
#include "engine/sampling/logprobs.h"

namespace bitnet {
namespace {

constexpr int32_t kNoToken = -1;

size_t MaxGenerated(const GenerationRequest& request, size_t max_positions) {
  if (request.embed.has_value()) {
    return 0;
  }
  const size_t room = max_positions - request.prompt.size();
  return request.max_tokens == 0 ? room : std::min<size_t>(request.max_tokens, room);
}

}  // namespace

Sequence::Sequence(GenerationId id, GenerationRequest request, GenerationSink* sink,
                   std::span<const int32_t> end_ids, size_t max_positions, size_t max_draft,
                   size_t hidden_dim, Clock::time_point submitted, AdapterLease adapters,
                   std::unique_ptr<TokenMatcher> matcher)
    : id_(id),
      request_(std::move(request)),
      adapters_(std::move(adapters)),
      sink_(sink),
      max_generated_(MaxGenerated(request_, max_positions)),
      end_ids_(request_.stop_tokens),
      counts_(request_.prompt, max_generated_ + request_.generated.size()),
      matcher_(std::move(matcher)),
      submitted_(submitted) {
  if (!request_.ignore_eos) {
    end_ids_.insert(end_ids_.end(), end_ids.begin(), end_ids.end());
  }
  tokens_.reserve(std::max(max_tokens(), request_.prompt.size() + request_.generated.size()));
  tokens_.insert(tokens_.end(), request_.prompt.begin(), request_.prompt.end());
  tokens_.insert(tokens_.end(), request_.generated.begin(), request_.generated.end());
  for (int32_t token : request_.generated) {
    counts_.AddOutput(token);
  }
  blocks_.ReserveCapacity(NumBlocks(max_tokens()));
  if (request_.embed.has_value()) {
    pooler_.emplace(*request_.embed, hidden_dim);
  }
  if (max_draft > 0 && !embeds()) {
    lookup_.emplace(tokens_.capacity());
    draft_.reserve(max_draft);
  }
  chosen_.resize(1 + max_draft);
  for (GeneratedToken& chosen : chosen_) {
    chosen.alternatives.reserve(std::max(request_.num_logprobs, 0));
  }
}

size_t Sequence::logits_needed() const { return LogitsNeeded(request_, may_end() ? 0 : end_ids_.size()); }

void Sequence::SkipCached(size_t n) {
  if (!preempted_) {
    const size_t prompt = request_.prompt.size();
    cached_prompt_tokens_ += std::min(n, prompt) - std::min(num_cached_, prompt);
  }
  num_cached_ = n;
}

void Sequence::Draft(absl::FunctionRef<bool(float)> take) {
  if (!lookup_.has_value()) {
    return;
  }
  lookup_->Update(tokens_);
  if (!lookup_->found()) {
    return;
  }
  // The choice after the last guess adds one token more.
  const size_t most = std::min(chosen_.size() - 1, max_generated_ - num_generated() - 1);
  float likelihood = 1;
  if (matcher_ != nullptr) {
    matcher_->BeginGuess();
  }
  while (draft_.size() < most) {
    const int32_t token = lookup_->Token(tokens_, draft_.size());
    if (matcher_ != nullptr && !matcher_->AcceptGuess(token)) {
      break;
    }
    likelihood *= lookup_->Likelihood(draft_.size());
    if (!take(likelihood)) {
      break;
    }
    draft_.push_back(token);
  }
}

void Sequence::Choose(std::span<const float> logits, Sampler& sampler) {
  const size_t vocab_size = logits.size() / (1 + draft_.size());
  num_chosen_ = 0;
  bool guessed = false;
  bool ended = false;
  ended_.reset();
  do {
    const auto row = logits.subspan(num_chosen_ * vocab_size, vocab_size);
    ended = !ChooseNext(row, sampler, chosen_[num_chosen_]);
    guessed = num_chosen_ < draft_.size() && chosen_[num_chosen_].id == draft_[num_chosen_];
    ++num_chosen_;
  } while (guessed && !ended && !(matcher_ != nullptr && matcher_->complete()));
  // What wrong guesses left in the KV cache is written over before it is read.
  num_cached_ = tokens_.size() - 1;
  drafted_tokens_ += static_cast<int>(draft_.size());
  accepted_tokens_ += static_cast<int>(num_chosen_ - 1);
  draft_.clear();
}

bool Sequence::ChooseNext(std::span<const float> logits, Sampler& sampler, GeneratedToken& chosen) {
  chosen.index = static_cast<int>(num_generated());
  std::span<const uint64_t> allowed;
  if (matcher_ != nullptr) {
    allowed = matcher_->Allowed(end_ids_, may_end());
    if (std::ranges::all_of(allowed, [](uint64_t word) { return word == 0; })) {
      chosen.id = kNoToken;
      ended_ = matcher_->accepting() ? FinishReason::kEndToken : FinishReason::kDeadEnd;
      return false;
    }
  }
  chosen.id = sampler.Sample(logits, {.params = request_.sampling,
                                      .counts = counts_.counts(),
                                      .masked = may_end() ? std::span<const int32_t>() : end_ids_,
                                      .position = num_tokens(),
                                      .allowed = allowed});
  if (request_.num_logprobs >= 0) {
    const double log_sum_exp = LogSumExp(logits);
    chosen.logprob = static_cast<float>(logits[chosen.id] - log_sum_exp);
    TopLogprobs(logits, log_sum_exp, request_.num_logprobs, chosen.alternatives);
  }
  if (std::ranges::find(end_ids_, chosen.id) != end_ids_.end()) {
    ended_ = FinishReason::kEndToken;
    return false;
  }
  if (matcher_ != nullptr) {
    [[maybe_unused]] const bool accepted = matcher_->Accept(chosen.id);
    assert(accepted);
  }
  tokens_.push_back(chosen.id);
  if (UsesPenalties(request_.sampling)) {
    counts_.AddOutput(chosen.id);
  }
  return true;
}

std::optional<FinishReason> Sequence::EndReason() const {
  if (embeds()) {
    return std::nullopt;
  }
  if (matcher_ != nullptr && matcher_->complete()) {
    return FinishReason::kEndToken;
  }
  return at_limit() ? std::optional(FinishReason::kLength) : std::nullopt;
}

std::optional<FinishReason> Sequence::Deliver(Clock::time_point now) {
  if (!answering_) {
    first_token_ = now;
    answering_ = true;
  }
  for (size_t i = 0; i < num_chosen_ - (ended_.has_value() ? 1 : 0); ++i) {
    chosen_[i].joules = energy_.reading();
    sink_->OnToken(chosen_[i]);
  }
  return ended_.has_value() ? ended_ : EndReason();
}

void Sequence::Admit(Clock::time_point now) {
  if (!preempted_) {
    admitted_ = now;
    sink_->OnAdmitted();
  }
}

void Sequence::Preempt() {
  num_cached_ = 0;
  preempted_ = true;
  if (embeds()) {
    pooler_->Reset();
  }
}

void Sequence::Finish(FinishReason reason, Clock::time_point now) {
  // A stage that was not reached begins, and ends, when the answer does.
  const Clock::time_point admitted = admitted_ == Clock::time_point() ? now : admitted_;
  const Clock::time_point first_token = answering_ ? first_token_ : now;
  if (reason == FinishReason::kEmbedded) {
    sink_->OnEmbedding(pooler_->Embedding());
  }
  sink_->OnFinished(reason, {.prompt_tokens = static_cast<int>(request_.prompt.size()),
                             .cached_tokens = static_cast<int>(cached_prompt_tokens_),
                             .generated_tokens = static_cast<int>(num_generated()),
                             .drafted_tokens = drafted_tokens_,
                             .accepted_tokens = accepted_tokens_,
                             .queue_time = absl::FromChrono(admitted - submitted_),
                             .prefill_time = absl::FromChrono(first_token - admitted),
                             .decode_time = absl::FromChrono(now - first_token),
                             .joules = energy_.reading()});
}

}  // namespace bitnet
