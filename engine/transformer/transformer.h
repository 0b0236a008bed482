// The forward pass of decoder-only transformers of the Llama kind: BitNet b1.58 2B4T (arXiv 2504.12285), its
// reproductions, Llama and Qwen3.
#pragma once

#include <cstddef>
#include <span>

#include "engine/adapters/adapter_layer.h"
#include "engine/aligned_buffer.h"
#include "engine/cache/kv_cache.h"
#include "engine/model/model_config.h"
#include "engine/threads/thread_pool.h"
#include "engine/transformer/attention_layer.h"
#include "engine/transformer/batch_token.h"
#include "engine/transformer/kernel_set.h"
#include "engine/transformer/linear_layer.h"
#include "engine/transformer/screened_head.h"
#include "engine/transformer/sparse_feed_forward.h"
#include "engine/transformer/step_accelerator.h"
#include "engine/weights/model_weights.h"

namespace bitnet {

struct BatchLimits {
  size_t max_tokens;  // Of one Forward call.
  size_t max_logits;  // Tokens among them that want logits.
};

// Owns every buffer that a step needs, so Forward allocates nothing. The logits of a token depend on its
// sequence's tokens up to it and on nothing else: the same bits whatever shares the batch, however the prompt
// was cut into calls, on any number of threads and any instruction set.
class Transformer {
 public:
  // All references outlive this.
  Transformer(const ModelConfig& config, const ModelWeights& weights, const KvCache& cache,
              CpuFeatures features, BatchLimits limits, ThreadPool* pool);

  // Appends each token's keys and values to its sequence's blocks, and returns the logits of those that want
  // them, [number of these, vocab_size] in batch order; valid until the next call. If no token of them needs
  // more than few logits, those that are not needed may be -infinity. Tokens of one sequence
  // stand in rising positions without gaps, and all earlier positions were in earlier calls.
  std::span<const float> Forward(std::span<const BatchToken> batch);

  // Of the last Forward's token b, which wanted it: the residual after the final norm, [hidden_dim]; valid
  // until the next call.
  std::span<const float> hidden(size_t b) const {
    return projected_.span().subspan(b * hidden_stride_, config_.hidden_dim);
  }
  size_t hidden_dim() const { return config_.hidden_dim; }

  // Runs the steps that it takes; null: none. Borrowed; outlives its use.
  void set_accelerator(StepAccelerator* accelerator) { accelerator_ = accelerator; }

  const RopeTable& rope() const { return attention_.rope(); }
  ScreeningStats screening() const { return screened_head_.stats(); }
  const std::vector<LayerDensity>& density() const { return sparse_.density(); }

 private:
  // Steps of the forward pass, in order; each but the projections works on tokens or heads independently.
  void Embed(std::span<const BatchToken> batch);
  void AttentionBlock(std::span<const BatchToken> batch, size_t layer);
  void FeedForwardBlock(size_t batch_size, size_t layer);
  // gate_ becomes the input of `down`, but for its norm.
  void GateAndUp(size_t batch_size, size_t layer, bool sparse);
  // Of those that want them, to projected_, which is free by then.
  void HiddenStates(std::span<const BatchToken> batch);
  std::span<const float> OutputLogits(std::span<const BatchToken> batch);
  bool ScreensHead(std::span<const BatchToken> batch) const;

  // RmsNorm(x [k], weight) becomes `normed` and row b of the linear layer's input. Without weight there is no
  // norm.
  void NormAndPrepare(std::span<const float> weight, const float* x, float* normed, size_t b);

  const ModelConfig& config_;
  const ModelWeights& weights_;
  const KernelSet kernels_;
  const BatchLimits limits_;
  ThreadPool* const pool_;
  StepAccelerator* accelerator_ = nullptr;
  const size_t hidden_stride_;  // Rows of the projections' outputs, padded to whole tiles.
  const size_t query_stride_;
  const size_t kv_stride_;
  const size_t ffn_stride_;
  const size_t vocab_stride_;

  AlignedBuffer<float> residual_;  // [max_tokens, hidden_dim]
  AlignedBuffer<float> normed_;    // [max_tokens, hidden_dim] what is quantised next
  AlignedBuffer<float>
      projected_;  // [max_tokens, hidden_stride] what is added to the residual next; at last hidden states
  AlignedBuffer<float> query_;          // [max_tokens, query_stride]
  AlignedBuffer<float> key_;            // [max_tokens, kv_stride]
  AlignedBuffer<float> value_;          // [max_tokens, kv_stride]
  AlignedBuffer<float> attended_;       // [max_tokens, query_dim]
  AlignedBuffer<float> gate_;           // [max_tokens, ffn_stride]
  AlignedBuffer<float> up_;             // [max_tokens, ffn_stride]
  AlignedBuffer<float> logits_;         // [max_logits, vocab_stride]
  AlignedBuffer<float> packed_logits_;  // [max_logits, vocab_size], where that is no whole number of tiles.
  AlignedBuffer<size_t> needed_;        // [max_logits] of the highest.
  LinearLayer linear_;
  AttentionLayer attention_;
  AdapterLayer adapters_;
  Linear head_;
  Linear head_copy_;  // Of weights_.screen.
  ScreenedHead screened_head_;
  SparseFeedForward sparse_;
};

}  // namespace bitnet
