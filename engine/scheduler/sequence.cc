#include "engine/scheduler/sequence.h"

#include <algorithm>
#include <utility>

#include "absl/time/time.h"
#include "engine/sampling/logprobs.h"

namespace bitnet {
namespace {

size_t MaxGenerated(const GenerationRequest& request, size_t max_positions) {
  const size_t room = max_positions - request.prompt.size();
  return request.max_tokens == 0 ? room : std::min<size_t>(request.max_tokens, room);
}

}  // namespace

Sequence::Sequence(GenerationId id, GenerationRequest request, GenerationSink* sink,
                   std::span<const int32_t> end_ids, size_t max_positions, Clock::time_point submitted,
                   AdapterLease adapters)
    : id_(id),
      request_(std::move(request)),
      adapters_(std::move(adapters)),
      sink_(sink),
      max_generated_(MaxGenerated(request_, max_positions)),
      end_ids_(request_.stop_tokens),
      counts_(request_.prompt, max_generated_ + request_.generated.size()),
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
  chosen_.alternatives.reserve(std::max(request_.num_logprobs, 0));
}

void Sequence::Choose(std::span<const float> logits, Sampler& sampler) {
  const bool may_end = num_generated() >= static_cast<size_t>(request_.min_tokens);
  chosen_.index = static_cast<int>(num_generated());
  chosen_.id = sampler.Sample(logits, {.params = request_.sampling,
                                       .counts = counts_.counts(),
                                       .masked = may_end ? std::span<const int32_t>() : end_ids_,
                                       .position = num_tokens()});
  if (request_.num_logprobs >= 0) {
    const double log_sum_exp = LogSumExp(logits);
    chosen_.logprob = static_cast<float>(logits[chosen_.id] - log_sum_exp);
    TopLogprobs(logits, log_sum_exp, request_.num_logprobs, chosen_.alternatives);
  }
}

bool Sequence::Deliver(Clock::time_point now) {
  if (!decoding_) {
    first_token_ = now;
    decoding_ = true;
  }
  if (std::ranges::find(end_ids_, chosen_.id) != end_ids_.end()) {
    return true;
  }
  tokens_.push_back(chosen_.id);
  if (UsesPenalties(request_.sampling)) {
    counts_.AddOutput(chosen_.id);
  }
  sink_->OnToken(chosen_);
  return false;
}

void Sequence::Finish(FinishReason reason, Clock::time_point now) {
  // A stage that was not reached begins, and ends, when the answer does.
  const Clock::time_point admitted = admitted_ == Clock::time_point() ? now : admitted_;
  const Clock::time_point first_token = decoding_ ? first_token_ : now;
  sink_->OnFinished(reason, {.prompt_tokens = static_cast<int>(request_.prompt.size()),
                             .generated_tokens = static_cast<int>(num_generated()),
                             .queue_time = absl::FromChrono(admitted - submitted_),
                             .prefill_time = absl::FromChrono(first_token - admitted),
                             .decode_time = absl::FromChrono(now - first_token)});
}

}  // namespace bitnet
