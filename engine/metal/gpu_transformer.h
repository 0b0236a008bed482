// The forward pass on a GPU that shares the CPU's memory: Transformer's bits, by the kernels of
// kernels/metal.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/cache/kv_cache.h"
#include "engine/metal/gpu_array.h"
#include "engine/metal/gpu_attention.h"
#include "engine/metal/gpu_commands.h"
#include "engine/metal/gpu_device.h"
#include "engine/metal/gpu_linear.h"
#include "engine/metal/gpu_memory.h"
#include "engine/model/model_config.h"
#include "engine/transformer/batch_token.h"
#include "engine/transformer/rope_table.h"
#include "engine/weights/model_weights.h"

namespace bitnet {

// A step is one command buffer: the CPU looks up embeddings, the GPU does the rest. Weights and the cache of
// keys and values are where the CPU has them, so that steps may go to either in any order. Used by one
// thread.
class GpuTransformer {
 public:
  // All references outlive this; `rope` is the Transformer's. UNIMPLEMENTED: the model has something that
  // there is no kernel for (gpu_support.h); otherwise what the device says.
  static absl::StatusOr<std::unique_ptr<GpuTransformer>> Create(const ModelConfig& config,
                                                                const ModelWeights& weights,
                                                                const KvCache& cache, const RopeTable& rope,
                                                                size_t max_tokens, size_t max_logits,
                                                                GpuDevice* device);

  // As Transformer::Forward, for batches without adapters. An error is the device's; then nothing can be said
  // of the batch's keys and values but that another step may write them again.
  absl::StatusOr<std::span<const float>> Forward(std::span<const BatchToken> batch);

 private:
  GpuTransformer(const ModelConfig& config, const ModelWeights& weights, const KvCache& cache,
                 const RopeTable& rope, size_t max_tokens, size_t max_logits, GpuDevice* device);

  // Copies the norms' weights to where the device can read them, layer by layer.
  void CopyNorms();
  void ShareWeights();
  void Embed(std::span<const BatchToken> batch);
  void AttentionBlock(size_t layer, size_t batch_size);
  void FeedForwardBlock(size_t layer, size_t batch_size);
  // Returns how many tokens want logits.
  size_t OutputLogits(std::span<const BatchToken> batch);
  std::span<const float> PackLogits(size_t num_logits);

  struct LayerNorms {
    const float* attn = nullptr;
    const float* query = nullptr;
    const float* key = nullptr;
    const float* attn_sub = nullptr;
    const float* ffn = nullptr;
    const float* ffn_sub = nullptr;
  };

  const ModelConfig& config_;
  const ModelWeights& weights_;
  GpuDevice* const device_;
  const size_t hidden_stride_, query_stride_, kv_stride_, ffn_stride_, vocab_stride_;  // Of whole tiles.
  GpuMemory memory_;
  GpuCommands commands_;
  GpuArray<float> norms_;
  std::vector<LayerNorms> layer_norms_;
  const float* output_norm_ = nullptr;
  GpuArray<float> residual_;   // [max_tokens, hidden_dim]
  GpuArray<float> projected_;  // [max_tokens, hidden_stride] what is added to the residual next
  GpuArray<float> qkv_;  // [max_tokens, query_stride], then keys and values, [max_tokens, kv_stride] each
  GpuArray<float> attended_;  // [max_tokens, query_dim]
  GpuArray<float> gate_up_;   // [2, max_tokens, ffn_stride]
  GpuArray<float> logits_;    // [max_logits, vocab_stride]
  std::vector<float> packed_logits_;
  GpuRows query_, key_, value_, gate_, up_;
  GpuLinear linear_;
  GpuAttention attention_;
};

}  // namespace bitnet
