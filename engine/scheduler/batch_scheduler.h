// Decides what runs in each step, and runs it: continuous batching (as in Orca, OSDI 2022).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/cache/kv_cache.h"
#include "engine/generation.h"
#include "engine/sampling/sampler.h"
#include "engine/scheduler/admission_order.h"
#include "engine/scheduler/draft_budget.h"
#include "engine/scheduler/prefill_shares.h"
#include "engine/scheduler/sequence.h"
#include "engine/scheduler/step_energy.h"
#include "engine/threads/thread_pool.h"
#include "engine/transformer/transformer.h"

namespace bitnet {

struct SchedulerOptions {
  size_t chunk_size;                  // Prompt tokens per step at most.
  size_t max_sequences;               // Admitted at once.
  size_t max_positions;               // Of a sequence; at most what the KV cache holds.
  size_t max_draft = 0;               // Tokens guessed per step at most, of all sequences together.
  std::vector<int32_t> end_ids = {};  // The model's end tokens.
  // Who waits this long counts as of the next class; positive.
  absl::Duration priority_ageing = kDefaultPriorityAgeing;
  EnergyCounter energy_counter = {};  // Empty: joules are not counted.
};

struct StepReport {
  size_t prefill_tokens = 0;   // Prompt tokens read.
  size_t decode_tokens = 0;    // Output tokens chosen.
  size_t drafted_tokens = 0;   // Guessed.
  size_t accepted_tokens = 0;  // And of these the right ones.
};

// Since the start.
struct SchedulerCounters {
  uint64_t prefix_query_tokens = 0;  // Of sequences that were admitted with a prefix cache,
  uint64_t prefix_hit_tokens = 0;    // and of these the ones that were found in it.
  uint64_t preemptions = 0;
};

// Waiting generations are admitted in their order (AdmissionOrder) as soon as the KV cache has blocks for
// what they have to read, and for each that runs one more to grow into. The head of the queue is not
// overtaken by a shorter one behind it, or it might wait for ever. What the cache has of their tokens is
// shared.
//
// A step runs one token of each decoding sequence, so that no answer waits for a prompt, and beside these at
// most chunk_size prompt tokens of the others (SharePrefill): the time between two tokens has a bound.
//
// Blocks are taken when positions are needed. If there is none left, the least important sequence that runs
// gives all of its own back and waits again; when it is admitted for the next time it computes prompt and
// answer anew (recomputation, as in PagedAttention, arXiv 2309.06180), with the same bits, and goes on as if
// nothing had been. What it published may still be in the cache then. The most important one is never asked,
// and the cache holds any single sequence, so that one gets to its end, and then the next.
//
// An embedding is a prompt whose hidden states are pooled while it is read, and who wants no logits: it has
// its slot and blocks, and loses them, as any other.
//
// Used by one thread; sinks are called from within its methods.
//
// Where prompts leave room, a sequence may run tokens beyond its own: guesses, each of which is right if
// choosing from the logits before it gives just this token. As the logits of a position do not depend on what
// else runs, nor does a choice on when it is made, the output is the same to the bit with any guesses. They
// take blocks that no sequence holds, and give them back when they were wrong: no one is preempted for them.
class BatchScheduler {
 public:
  // `transformer` takes batches of chunk_size + max_sequences tokens, max_sequences + max_draft of them with
  // logits. All pointers are borrowed and outlive this.
  BatchScheduler(Transformer* transformer, KvCache* cache, ThreadPool* pool, size_t vocab_size,
                 SchedulerOptions options);

  // `request` has passed CheckRequest; `adapters` are those that it names, `matcher` is of its constraint.
  void Add(GenerationId id, GenerationRequest request, GenerationSink* sink,
           Sequence::Clock::time_point submitted = Sequence::Clock::now(), AdapterLease adapters = {},
           std::unique_ptr<TokenMatcher> matcher = nullptr);
  // Finishes it with kCancelled and frees its blocks, now. No effect if there is none of that id.
  void Cancel(GenerationId id);
  void CancelAll();

  // Admits what can be. Step does so too; calling it before makes num_running and num_waiting those of the
  // step.
  void AdmitWaiting();
  // Runs one step; does nothing if there is nothing to run. Allocates nothing. `now` is what waiting times
  // are measured to.
  StepReport Step(Sequence::Clock::time_point now = Sequence::Clock::now());
  // Prompt tokens of further steps, at most chunk_size.
  void set_prompt_budget(size_t tokens) { prompt_budget_ = tokens; }
  // Sequences that are admitted at once from now on, from 1 to max_sequences. More that run already go on to
  // their ends.
  void set_sequence_limit(size_t sequences) { sequence_limit_ = sequences; }

  bool idle() const { return running_.empty() && waiting_.empty(); }
  size_t num_running() const { return running_.size(); }
  size_t num_waiting() const { return waiting_.size(); }
  bool any_decoding() const;  // Of those that run.
  const SchedulerCounters& counters() const { return counters_; }
  // Null where joules are not counted.
  const EnergyShares* energy() const { return energy_.shares(); }

 private:
  using SequenceList = std::vector<std::unique_ptr<Sequence>>;  // Most important first.

  Rank RankOf(const Sequence& sequence) const {
    return order_.RankOf(sequence.priority(), sequence.submitted(), sequence.id());
  }
  void Insert(std::unique_ptr<Sequence> sequence, SequenceList& list) const;

  // Of sequences whose hidden states a step computes.
  struct Embedding {
    Sequence* sequence;
    size_t begin, end;  // Its tokens in the batch.
  };
  // Of sequences whose logits a step computes.
  struct Choosing {
    Sequence* sequence;
    size_t row;  // Of its first logits.
  };

  // Lets it share what others have published of its next tokens; returns how many it has then.
  size_t AdoptPrefix(Sequence& sequence);
  // Gives it blocks for all of its tokens, or returns false.
  bool Admit(Sequence& sequence);
  // Blocks that shall be free after `next` was admitted.
  size_t BlocksToGrow(const Sequence& next) const;
  // Gives every decoding sequence a place for its pending token, by preemption if need be.
  void MakeRoom();
  void Preempt(SequenceList::iterator at);
  // Lets prompts share what others have published of their next tokens since they were admitted: of several
  // that begin alike and come together, one is read and the others follow it.
  void AdoptNewPrefixes();
  // Fills in shares_; returns the sum of their tokens.
  size_t PlanPrefill(Sequence::Clock::time_point now);
  StepReport FillBatch(Sequence::Clock::time_point now);
  void Draft(Sequence& sequence, DraftBudget& budget);
  // Adds the sequence's next `n` pending tokens to the batch, and its draft.
  void AddToBatch(Sequence& sequence, size_t n);
  void ChooseTokens(std::span<const float> logits);
  void PoolHiddenStates();
  // Publishes what the step has filled, and gives back what wrong guesses had taken.
  void SettleBlocks();
  void DeliverTokens(StepReport& report);
  void DeliverEmbeddings();
  void Finish(const Sequence& sequence, FinishReason reason);  // One that runs.

  Transformer* const transformer_;
  KvCache* const cache_;
  ThreadPool* const pool_;
  const size_t vocab_size_;
  const SchedulerOptions options_;
  size_t prompt_budget_;
  size_t sequence_limit_;
  const AdmissionOrder order_;
  SequenceList waiting_;  // With room for those that run, who may have to wait again.
  SequenceList running_;
  SchedulerCounters counters_;
  StepEnergy energy_;
  std::vector<PrefillShare> shares_;  // `index` is that in running_.
  std::vector<BatchToken> batch_;
  std::vector<Choosing> choosing_;  // In batch order.
  size_t num_logits_ = 0;           // Rows of all of them.
  std::vector<Embedding> embedding_;
  std::vector<Sampler> samplers_;  // One per thread.
};

}  // namespace bitnet
