#include "engine/scheduler/batch_scheduler.h"

#include <algorithm>
#include <utility>

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
                         Sequence::Clock::time_point submitted, AdapterLease adapters) {
  auto sequence = std::make_unique<Sequence>(id, std::move(request), sink, options_.end_ids,
                                             options_.max_positions, submitted, std::move(adapters));
  if (sequence->at_limit()) {
    sequence->Finish(FinishReason::kLength, Sequence::Clock::now());
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
  const StepReport report = FillBatch();
  if (!batch_.empty()) {
    ChooseTokens(transformer_->Forward(batch_));
    DeliverTokens();
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

StepReport BatchScheduler::FillBatch() {
  batch_.clear();
  choosing_.clear();
  for (const auto& sequence : running_) {
    if (sequence->decoding()) {
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
  report.decode_tokens = choosing_.size();
  return report;
}

void BatchScheduler::AddToBatch(Sequence& sequence, size_t n) {
  if (n == 0) {
    return;
  }
  const size_t end = sequence.num_cached() + n;
  for (size_t position = sequence.num_cached(); position < end; ++position) {
    batch_.push_back({.token = sequence.token(position),
                      .position = position,
                      .blocks = &sequence.blocks(),
                      .wants_logits = position + 1 == sequence.num_tokens(),
                      .adapters = sequence.adapters()});
  }
  sequence.set_cached(end);
  if (sequence.num_pending() == 0) {
    choosing_.push_back(&sequence);
  }
}

void BatchScheduler::ChooseTokens(std::span<const float> logits) {
  const auto choose = [&](size_t i, Sampler& sampler) {
    choosing_[i]->Choose(logits.subspan(i * vocab_size_, vocab_size_), sampler);
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

void BatchScheduler::DeliverTokens() {
  const auto now = Sequence::Clock::now();
  for (Sequence* sequence : choosing_) {
    const bool ended = sequence->Deliver(now);
    if (ended || sequence->at_limit()) {
      const auto at = std::ranges::find(running_, sequence, [](const auto& owner) { return owner.get(); });
      Finish(at, ended ? FinishReason::kEndToken : FinishReason::kLength);
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
