// Attention, from the projected queries, keys and values of a batch to what each head makes of them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/aligned_buffer.h"
#include "engine/cache/kv_cache.h"
#include "engine/model/model_config.h"
#include "engine/threads/thread_pool.h"
#include "engine/transformer/batch_token.h"
#include "engine/transformer/kernel_set.h"
#include "engine/transformer/rope_table.h"
#include "engine/weights/model_weights.h"

namespace bitnet {

// What one batch has of one layer, a token per row.
struct AttentionOperands {
  float* query;  // [batch, query_stride]; normed and rotated in place.
  size_t query_stride;
  float* key;    // [batch, kv_stride]; normed and rotated in place.
  float* value;  // [batch, kv_stride]
  size_t kv_stride;
  float* attended;  // [batch, query_dim]
};

// Work is cut into pieces that do not depend on the number of threads: a run of tokens of one sequence, one
// key-value head with its group of query heads, and one chunk of the keys. Each piece leaves partial results
// in a slot; these are joined in the order of the chunks. So a single long sequence occupies all threads, a
// prompt's tokens share the reading of their keys, and the same bits come out whoever computed what.
class AttentionLayer {
 public:
  // All references outlive this.
  AttentionLayer(const ModelConfig& config, std::span<const float> rope_factors, const KvCache& cache,
                 const KernelSet& kernels, ThreadPool* pool);

  // Appends the batch's keys and values to the cache, then lets every token attend. See Transformer::Forward
  // for the order of tokens.
  void Run(std::span<const BatchToken> batch, const LayerWeights& weights, size_t layer,
           const AttentionOperands& x);

  const RopeTable& rope() const { return rope_; }

 private:
  // A run of tokens and a key-value head.
  struct Item {
    size_t begin;  // In the batch.
    size_t num_tokens;
    size_t position;  // Of the first token.
    size_t kv_head;
    size_t num_chunks;  // Of the last token.
    size_t first_slot;  // Chunk c goes to slot first_slot + c.
  };

  void RotateAndAppend(const BatchToken& token, const LayerWeights& weights, size_t layer, float* query,
                       float* key, const float* value) const;
  void NormAndRotateHead(std::span<const float> norm, size_t position, float* head) const;
  // Tokens from `begin` on, at most a run's, that follow each other in one sequence.
  size_t RunLength(std::span<const BatchToken> batch, size_t begin) const;
  // Computes what items_ has, and empties it.
  void ComputeItems(std::span<const BatchToken> batch, size_t layer, const AttentionOperands& x);
  void AttendPiece(const BatchToken& token, const Item& item, size_t chunk, size_t layer,
                   const AttentionOperands& x, float* scores);
  void JoinRows(const Item& item, const AttentionOperands& x);

  const ModelConfig& config_;
  const KvCache& cache_;
  const KernelSet& kernels_;
  ThreadPool* const pool_;
  const RopeTable rope_;
  const float scale_;         // 1 / sqrt(head_dim)
  const size_t group_;        // Query heads of a key-value head.
  const size_t run_tokens_;   // Tokens of a run at most.
  const size_t partial_;      // Floats of a partial.
  const size_t slot_;         // Floats of a slot: a partial for each row of a run.
  const size_t scores_size_;  // Floats of a thread's scratch.
  const size_t num_slots_;
  AlignedBuffer<float> slots_;
  AlignedBuffer<float> scores_;
  std::vector<Item> items_;
  std::vector<size_t> owners_;  // The item of each slot in use.
};

}  // namespace bitnet
