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
#include "engine/scheduler/sequence.h"
#include "engine/threads/thread_pool.h"
#include "engine/transformer/transformer.h"

namespace bitnet {

struct SchedulerOptions {
  size_t chunk_size;                  // Prompt tokens per step at most.
  size_t max_sequences;               // Admitted at once.
  size_t max_positions;               // Of a sequence; at most what the KV cache holds.
  size_t max_draft = 0;               // Tokens guessed per step at most, of all sequences together.
  std::vector<int32_t> end_ids = {};  // The model's end tokens.
};

struct StepReport {
  size_t prefill_tokens = 0;   // Prompt tokens read.
  size_t decode_tokens = 0;    // Output tokens chosen.
  size_t drafted_tokens = 0;   // Guessed.
  size_t accepted_tokens = 0;  // And of these the right ones.
};

// Waiting generations are admitted by priority, then by arrival, as soon as the KV cache has blocks for all
// they may ever need: what runs always finishes. The head of the queue is not overtaken by a shorter one
// behind it, or it might wait for ever. A step runs one token of each decoding sequence, and fills up with
// prompt tokens of the others, in chunks. Used by one thread; sinks are called from within its methods.
//
// Where prompts leave room, a sequence may run tokens beyond its own: guesses, each of which is right if
// choosing from the logits before it gives just this token. As the logits of a position do not depend on what
// else runs, nor does a choice on when it is made, the output is the same to the bit with any guesses.
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
  // Runs one step; does nothing if there is nothing to run. Allocates nothing.
  StepReport Step();

  bool idle() const { return running_.empty() && waiting_.empty(); }
  size_t num_running() const { return running_.size(); }
  size_t num_waiting() const { return waiting_.size(); }

 private:
  using SequenceList = std::vector<std::unique_ptr<Sequence>>;  // By priority, then by arrival.

  static void Insert(std::unique_ptr<Sequence> sequence, SequenceList& list);

  // Of sequences whose logits a step computes.
  struct Choosing {
    Sequence* sequence;
    size_t row;  // Of its first logits.
  };

  size_t PrefillTokens() const;
  StepReport FillBatch();
  // Adds the sequence's next `n` pending tokens to the batch, and its draft.
  void AddToBatch(Sequence& sequence, size_t n);
  void ChooseTokens(std::span<const float> logits);
  void DeliverTokens(StepReport& report);
  void Finish(SequenceList::iterator at, FinishReason reason);

  Transformer* const transformer_;
  KvCache* const cache_;
  ThreadPool* const pool_;
  const size_t vocab_size_;
  const SchedulerOptions options_;
  SequenceList waiting_;
  SequenceList running_;
  std::vector<BatchToken> batch_;
  std::vector<Choosing> choosing_;  // In batch order.
  size_t num_logits_ = 0;           // Rows of all of them.
  std::vector<Sampler> samplers_;   // One per thread.
};

}  // namespace bitnet
