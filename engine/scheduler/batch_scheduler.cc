#include "engine/scheduler/batch_scheduler.h"

#include <algorithm>
#include <utility>

#include "engine/scheduler/draft_budget.h"

namespace bitnet {

BatchScheduler::BatchScheduler(Transformer* transformer, KvCache* cache, ThreadPool* pool, size_t vocab_size,
                               SchedulerOptions options)
    : transformer_(transformer),
      cache_(cache),
      pool_(pool),
      vocab_size_(vocab_size),
      options_(std::move(options)),
      samplers_(std::min<size_t>(pool->num_threads(), options_.max_sequences), Sampler(vocab_size)) {
  running_.reserve(options_.max_sequences);
  batch_.reserve(options_.chunk_size + options_.max_sequences);
  choosing_.reserve(options_.max_sequences);
}

void BatchScheduler::Insert(std::unique_ptr<Sequence> sequence, SequenceList& list) {
  const auto at = std::ranges::upper_bound(list, sequence->priority(), std::greater(),
                                           [](const auto& other) { return other->priority(); });
  list.insert(at, std::move(sequence));
}

void BatchScheduler::Add(GenerationId id, GenerationRequest request, GenerationSink* sink,
                         Sequence::Clock::time_point submitted, AdapterLease adapters,
                         std::unique_ptr<TokenMatcher> matcher) {
  auto sequence =
      std::make_unique<Sequence>(id, std::move(request), sink, options_.end_ids, options_.max_positions,
                                 options_.max_draft, submitted, std::move(adapters), std::move(matcher));
  if (const std::optional<FinishReason> reason = sequence->EndReason()) {
    sequence->Finish(*reason, Sequence::Clock::now());
    return;
  }
  Insert(std::move(sequence), waiting_);
}

void BatchScheduler::Cancel(GenerationId id) {
  for (SequenceList* list : {&running_, &waiting_}) {
    const auto at = std::ranges::find(*list, id, [](const auto& sequence) { return sequence->id(); });
    if (at != list->end()) {
      const std::unique_ptr<Sequence> sequence = std::move(*at);
      list->erase(at);
      cache_->Release(sequence->blocks());
      sequence->Finish(FinishReason::kCancelled, Sequence::Clock::now());
      return;
    }
  }
}

void BatchScheduler::CancelAll() {
  while (!idle()) {
    Cancel(running_.empty() ? waiting_.front()->id() : running_.front()->id());
  }
}

StepReport BatchScheduler::Step() {
  AdmitWaiting();
  StepReport report = FillBatch();
  if (!batch_.empty()) {
    ChooseTokens(transformer_->Forward(batch_));
    DeliverTokens(report);
  }
  return report;
}

void BatchScheduler::AdmitWaiting() {
  while (!waiting_.empty() && running_.size() < options_.max_sequences) {
    Sequence& next = *waiting_.front();
    if (!cache_->Reserve(next.max_tokens(), next.blocks())) {
      return;
    }
    next.Admit(Sequence::Clock::now());
    Insert(std::move(waiting_.front()), running_);
    waiting_.erase(waiting_.begin());
  }
}

size_t BatchScheduler::PrefillTokens() const {
  size_t pending = 0;
  for (const auto& sequence : running_) {
    pending += sequence->decoding() ? 0 : sequence->num_pending();
  }
  return std::min(pending, options_.chunk_size);
}

StepReport BatchScheduler::FillBatch() {
  batch_.clear();
  choosing_.clear();
  num_logits_ = 0;
  const size_t num_decoding =
      std::ranges::count_if(running_, [](const auto& sequence) { return sequence->decoding(); });
  const size_t prefill_tokens = PrefillTokens();
  DraftBudget budget(num_decoding + prefill_tokens, num_decoding,
                     std::min(options_.max_draft, options_.chunk_size - prefill_tokens));
  for (const auto& sequence : running_) {
    if (sequence->decoding()) {
      if (budget.room() > 0) {
        sequence->Draft([&](float likelihood) { return budget.Take(likelihood); });
      }
      AddToBatch(*sequence, 1);
    }
  }
  StepReport report;
  for (const auto& sequence : running_) {
    if (!sequence->decoding()) {
      const size_t n = std::min(sequence->num_pending(), options_.chunk_size - report.prefill_tokens);
      AddToBatch(*sequence, n);
      report.prefill_tokens += n;
    }
  }
  report.drafted_tokens = num_logits_ - choosing_.size();
  return report;
}

void BatchScheduler::AddToBatch(Sequence& sequence, size_t n) {
  if (n == 0) {
    return;
  }
  const auto add = [&](int32_t token, size_t position, bool wants_logits) {
    batch_.push_back({.token = token,
                      .position = position,
                      .blocks = &sequence.blocks(),
                      .wants_logits = wants_logits,
                      .logits_needed = sequence.logits_needed(),
                      .adapters = sequence.adapters()});
  };
  size_t position = sequence.num_cached();
  for (const size_t end = position + n; position < end; ++position) {
    add(sequence.token(position), position, position + 1 == sequence.num_tokens());
  }
  sequence.set_cached(position);
  if (sequence.num_pending() == 0) {
    choosing_.push_back({&sequence, num_logits_});
    num_logits_ += 1 + sequence.draft().size();
    for (const int32_t token : sequence.draft()) {
      add(token, position++, true);
    }
  }
}

void BatchScheduler::ChooseTokens(std::span<const float> logits) {
  const auto choose = [&](size_t i, Sampler& sampler) {
    const auto [sequence, row] = choosing_[i];
    const size_t num_rows = 1 + sequence->draft().size();
    sequence->Choose(logits.subspan(row * vocab_size_, num_rows * vocab_size_), sampler);
  };
  if (choosing_.size() == 1) {
    choose(0, samplers_[0]);
    return;
  }
  pool_->RunOnAll([&](int thread) {
    for (size_t i = thread; i < choosing_.size() && thread < static_cast<int>(samplers_.size());
         i += samplers_.size()) {
      choose(i, samplers_[thread]);
    }
  });
}

void BatchScheduler::DeliverTokens(StepReport& report) {
  const auto now = Sequence::Clock::now();
  for (const auto& [sequence, row] : choosing_) {
    report.decode_tokens += sequence->num_chosen();
    report.accepted_tokens += sequence->num_chosen() - 1;
    if (const std::optional<FinishReason> reason = sequence->Deliver(now)) {
      const auto at = std::ranges::find(running_, sequence, [](const auto& owner) { return owner.get(); });
      Finish(at, *reason);
    }
  }
}

void BatchScheduler::Finish(SequenceList::iterator at, FinishReason reason) {
  const std::unique_ptr<Sequence> sequence = std::move(*at);
  running_.erase(at);
  cache_->Release(sequence->blocks());
  sequence->Finish(reason, Sequence::Clock::now());
}

}  // namespace bitnet
