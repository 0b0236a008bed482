// Attention as dispatches: AttentionLayer's job on a GPU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/cache/kv_cache.h"
#include "engine/metal/gpu_array.h"
#include "engine/metal/gpu_commands.h"
#include "engine/metal/gpu_input.h"
#include "engine/model/model_config.h"
#include "engine/transformer/batch_token.h"
#include "engine/transformer/rope_table.h"

namespace bitnet {

// What the kernels call it.
uint32_t KvTypeNumber(KvType type);

// What one batch has of one layer, a token per row.
struct GpuAttentionOperands {
  GpuRows query, key;  // Normed and rotated in place.
  GpuRows value;
  GpuRows attended;
  const float* query_norm = nullptr;  // [head_dim]; shared. Null in models without.
  const float* key_norm = nullptr;    // Likewise.
};

class GpuAttention {
 public:
  // All references outlive this.
  GpuAttention(const ModelConfig& config, const RopeTable& rope, const KvCache& cache, size_t max_batch,
               GpuMemory& memory, GpuCommands* commands);

  // Says where the batch's tokens are, once for all layers.
  void Begin(std::span<const BatchToken> batch);
  // Appends keys and values to the cache and lets every token attend.
  void Run(size_t layer, const GpuAttentionOperands& x);

  // Dispatches of a layer at most.
  size_t max_dispatches() const { return 2 + 2 * ((max_batch_ + tokens_at_once_ - 1) / tokens_at_once_); }

 private:
  void NormHeads(const GpuAttentionOperands& x);
  gpu::AttentionArguments ArgumentsOf(size_t layer, const GpuRows& query, const GpuRows& key) const;

  const ModelConfig& config_;
  const KvCache& cache_;
  GpuCommands* const commands_;
  const size_t max_batch_;
  const size_t max_chunks_;
  const size_t tokens_at_once_;  // Whose partials there is room for.
  const RopeTable& rope_;
  size_t batch_size_ = 0;
  size_t num_chunks_ = 0;             // Of the batch's last position.
  GpuArray<gpu::TokenPlace> places_;  // [max_batch]
  GpuArray<uint32_t> tables_;         // Blocks of each token's sequence, one after the other.
  GpuArray<float> partials_;          // [tokens_at_once, num_heads, max_chunks] of PartialSize().
};

}  // namespace bitnet
