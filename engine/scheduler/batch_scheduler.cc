#include "engine/scheduler/batch_scheduler.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace bitnet {

BatchScheduler::BatchScheduler(Transformer* transformer, KvCache* cache, ThreadPool* pool, size_t vocab_size,
                               SchedulerOptions options)
    : transformer_(transformer),
      cache_(cache),
      pool_(pool),
      vocab_size_(vocab_size),
      options_(std::move(options)),
      prompt_budget_(options_.chunk_size),
      sequence_limit_(options_.max_sequences),
      order_(options_.priority_ageing),
      energy_(options_.energy_counter, options_.max_sequences),
      samplers_(std::min<size_t>(pool->num_threads(), options_.max_sequences), Sampler(vocab_size)) {
  running_.reserve(options_.max_sequences);
  batch_.reserve(options_.chunk_size + options_.max_sequences);
  choosing_.reserve(options_.max_sequences);
  embedding_.reserve(options_.max_sequences);
  shares_.reserve(options_.max_sequences);
}

void BatchScheduler::Insert(std::unique_ptr<Sequence> sequence, SequenceList& list) const {
  const auto at = std::ranges::upper_bound(list, RankOf(*sequence), {},
                                           [this](const auto& other) { return RankOf(*other); });
  list.insert(at, std::move(sequence));
}

void BatchScheduler::Add(GenerationId id, GenerationRequest request, GenerationSink* sink,
                         Sequence::Clock::time_point submitted, AdapterLease adapters,
                         std::unique_ptr<TokenMatcher> matcher) {
  auto sequence = std::make_unique<Sequence>(
      id, std::move(request), sink, options_.end_ids, options_.max_positions, options_.max_draft,
      transformer_->hidden_dim(), submitted, std::move(adapters), std::move(matcher));
  if (const std::optional<FinishReason> reason = sequence->EndReason()) {
    sequence->Finish(*reason, Sequence::Clock::now());
    return;
  }
  waiting_.reserve(std::bit_ceil(waiting_.size() + options_.max_sequences + 1));
  Insert(std::move(sequence), waiting_);
}

void BatchScheduler::Cancel(GenerationId id) {
  for (SequenceList* list : {&running_, &waiting_}) {
    const auto at = std::ranges::find(*list, id, [](const auto& sequence) { return sequence->id(); });
    if (at != list->end()) {
      const std::unique_ptr<Sequence> sequence = std::move(*at);
      list->erase(at);
      cache_->Release(sequence->blocks());
      energy_.Close(sequence->energy());
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

StepReport BatchScheduler::Step(Sequence::Clock::time_point now) {
  energy_.Begin();
  AdmitWaiting();
  MakeRoom();
  AdoptNewPrefixes();
  StepReport report = FillBatch(now);
  if (!batch_.empty()) {
    ChooseTokens(transformer_->Forward(batch_));
    PoolHiddenStates();
    SettleBlocks();
    energy_.End();  // Before anyone is told what it took.
    DeliverTokens(report);
    DeliverEmbeddings();
  }
  return report;
}

void BatchScheduler::AdmitWaiting() {
  while (!waiting_.empty() && running_.size() < sequence_limit_ && Admit(*waiting_.front())) {
    waiting_.front()->Admit(Sequence::Clock::now());
    Insert(std::move(waiting_.front()), running_);
    waiting_.erase(waiting_.begin());
  }
}

size_t BatchScheduler::AdoptPrefix(Sequence& sequence) {
  const size_t cached = sequence.num_cached();
  return sequence.may_skip()
             ? cache_->Adopt(sequence.prefix(sequence.num_tokens() - 1), cached, sequence.blocks())
             : cached;
}

bool BatchScheduler::Admit(Sequence& sequence) {
  BlockTable& blocks = sequence.blocks();
  const size_t cached = AdoptPrefix(sequence);
  if (KvCache::BlocksMissing(sequence.num_tokens(), blocks) + BlocksToGrow(sequence) > cache_->num_free()) {
    cache_->Release(blocks);
    return false;
  }
  cache_->Reserve(sequence.num_tokens(), blocks);
  sequence.SkipCached(cached);
  if (cache_->keeps_prefixes() && sequence.may_skip() && !sequence.was_preempted()) {
    counters_.prefix_query_tokens += sequence.num_tokens();
    counters_.prefix_hit_tokens += cached;
  }
  return true;
}

size_t BatchScheduler::BlocksToGrow(const Sequence& next) const {
  if (running_.empty()) {
    return 0;  // It has all the cache to itself.
  }
  const auto grows = [](const Sequence& sequence) {
    return NumBlocks(sequence.num_tokens()) < NumBlocks(sequence.max_tokens());
  };
  return static_cast<size_t>(std::ranges::count_if(running_, [&](const auto& s) { return grows(*s); })) +
         (grows(next) ? 1 : 0);
}

bool BatchScheduler::any_decoding() const {
  return std::ranges::any_of(running_, [](const auto& sequence) { return sequence->decoding(); });
}

void BatchScheduler::MakeRoom() {
  for (size_t i = 0; i < running_.size();) {
    if (cache_->Reserve(running_[i]->num_tokens(), running_[i]->blocks())) {
      ++i;
    } else {
      Preempt(running_.end() - 1);  // Maybe the one that asks, and then the last one to ask.
    }
  }
}

void BatchScheduler::Preempt(SequenceList::iterator at) {
  std::unique_ptr<Sequence> sequence = std::move(*at);
  running_.erase(at);
  cache_->Release(sequence->blocks());
  sequence->Preempt();
  ++counters_.preemptions;
  Insert(std::move(sequence), waiting_);
}

void BatchScheduler::AdoptNewPrefixes() {
  for (const auto& sequence : running_) {
    if (sequence->decoding()) {
      continue;
    }
    const size_t before = sequence->num_cached();
    const size_t cached = AdoptPrefix(*sequence);
    sequence->SkipCached(cached);
    if (!sequence->was_preempted()) {
      counters_.prefix_hit_tokens += cached - before;
    }
  }
}

size_t BatchScheduler::PlanPrefill(Sequence::Clock::time_point now) {
  shares_.clear();
  for (size_t i = 0; i < running_.size(); ++i) {
    if (!running_[i]->decoding()) {
      shares_.push_back({.index = i,
                         .pending = running_[i]->num_pending(),
                         .priority = order_.ClassAt(now, RankOf(*running_[i]))});
    }
  }
  SharePrefill(shares_, prompt_budget_);
  size_t tokens = 0;
  for (const PrefillShare& share : shares_) {
    tokens += share.tokens;
  }
  return tokens;
}

StepReport BatchScheduler::FillBatch(Sequence::Clock::time_point now) {
  batch_.clear();
  choosing_.clear();
  embedding_.clear();
  num_logits_ = 0;
  StepReport report;
  report.prefill_tokens = PlanPrefill(now);
  const size_t num_decoding = running_.size() - shares_.size();
  DraftBudget budget(num_decoding + report.prefill_tokens, num_decoding,
                     std::min(options_.max_draft, options_.chunk_size - report.prefill_tokens));
  for (const auto& sequence : running_) {
    if (sequence->decoding()) {
      Draft(*sequence, budget);
      AddToBatch(*sequence, 1);
    }
  }
  for (const PrefillShare& share : shares_) {
    AddToBatch(*running_[share.index], share.tokens);
  }
  report.drafted_tokens = num_logits_ - choosing_.size();
  return report;
}

void BatchScheduler::Draft(Sequence& sequence, DraftBudget& budget) {
  if (budget.room() == 0) {
    return;
  }
  size_t tokens = sequence.num_tokens();
  sequence.Draft([&](float likelihood) {
    if (KvCache::BlocksMissing(tokens + 1, sequence.blocks()) > cache_->num_free() ||
        !budget.Take(likelihood)) {
      return false;
    }
    return cache_->Reserve(++tokens, sequence.blocks());
  });
}

void BatchScheduler::AddToBatch(Sequence& sequence, size_t n) {
  if (n == 0) {
    return;
  }
  energy_.AddTokens(sequence.energy(), n + sequence.draft().size());
  const size_t logits_needed = sequence.logits_needed();
  const auto add = [&](int32_t token, size_t position, bool wants_logits) {
    batch_.push_back({.token = token,
                      .position = position,
                      .blocks = &sequence.blocks(),
                      .wants_logits = wants_logits,
                      .wants_hidden = sequence.needs_hidden(position),
                      .logits_needed = logits_needed,
                      .adapters = sequence.adapters()});
  };
  size_t position = sequence.num_cached();
  for (const size_t end = position + n; position < end; ++position) {
    add(sequence.tokens()[position], position, !sequence.embeds() && position + 1 == sequence.num_tokens());
  }
  sequence.set_cached(position);
  if (sequence.embeds()) {
    embedding_.push_back({&sequence, batch_.size() - n, batch_.size()});
  } else if (sequence.num_pending() == 0) {
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

void BatchScheduler::PoolHiddenStates() {
  for (const auto& [sequence, begin, end] : embedding_) {
    for (size_t b = begin; b < end; ++b) {
      if (batch_[b].wants_hidden) {
        sequence->AddHidden(transformer_->hidden(b));
      }
    }
  }
}

void BatchScheduler::SettleBlocks() {
  for (const auto& sequence : running_) {
    cache_->Publish(sequence->prefix(sequence->num_cached()), sequence->blocks());
    cache_->Trim(sequence->num_tokens(), sequence->blocks());
  }
}

void BatchScheduler::DeliverTokens(StepReport& report) {
  const auto now = Sequence::Clock::now();
  for (const auto& [sequence, row] : choosing_) {
    report.decode_tokens += sequence->num_chosen();
    report.accepted_tokens += sequence->num_chosen() - 1;
    if (const std::optional<FinishReason> reason = sequence->Deliver(now)) {
      Finish(*sequence, *reason);
    }
  }
}

void BatchScheduler::DeliverEmbeddings() {
  for (const Embedding& embedding : embedding_) {
    if (embedding.sequence->num_pending() == 0) {
      Finish(*embedding.sequence, FinishReason::kEmbedded);
    }
  }
}

void BatchScheduler::Finish(const Sequence& finished, FinishReason reason) {
  const auto at = std::ranges::find(running_, &finished, [](const auto& owner) { return owner.get(); });
  const std::unique_ptr<Sequence> sequence = std::move(*at);
  running_.erase(at);
  cache_->Release(sequence->blocks());
  energy_.Close(sequence->energy());
  sequence->Finish(reason, Sequence::Clock::now());
}

}  // namespace bitnet
