#include "engine/metal/gpu_attention.h"

#include <algorithm>
#include <cmath>

#include "engine/metal/grid.h"
#include "kernels/attention/attention.h"

namespace bitnet {
namespace {

// All partials of a long context and many tokens would be hundreds of megabytes; these are read from the
// caches.
constexpr size_t kPartialBytes = size_t{32} << 20;

size_t TokenPartials(const ModelConfig& config) {
  return config.num_heads * NumAttentionChunks(config.max_seq_len) * PartialSize(config.head_dim);
}

}  // namespace

uint32_t KvTypeNumber(KvType type) {
  return type == KvType::kF16 ? gpu::kKvF16 : type == KvType::kF32 ? gpu::kKvF32 : gpu::kKvInt8;
}

GpuAttention::GpuAttention(const ModelConfig& config, const RopeTable& rope, const KvCache& cache,
                           size_t max_batch, GpuMemory& memory, GpuCommands* commands)
    : config_(config),
      cache_(cache),
      commands_(commands),
      max_batch_(max_batch),
      max_chunks_(NumAttentionChunks(config.max_seq_len)),
      tokens_at_once_(
          std::clamp<size_t>(kPartialBytes / sizeof(float) / TokenPartials(config), 1, max_batch)),
      rope_(rope),
      places_(max_batch, memory),
      tables_(max_batch * NumBlocks(config.max_seq_len), memory),
      partials_(tokens_at_once_ * TokenPartials(config), memory) {
  const size_t angles = config.max_seq_len * (config.head_dim / 2) * sizeof(float);
  memory.Add(rope_.Cos(0), angles);
  memory.Add(rope_.Sin(0), angles);
  memory.Add(cache.memory().data(), cache.memory().size());
}

void GpuAttention::Begin(std::span<const BatchToken> batch) {
  batch_size_ = batch.size();
  num_chunks_ = 0;
  size_t used = 0;
  for (size_t b = 0; b < batch.size(); ++b) {
    const BatchToken& token = batch[b];
    num_chunks_ = std::max(num_chunks_, NumAttentionChunks(token.position + 1));
    // Tokens of a sequence stand side by side, so one list serves a run of them.
    const bool same = b > 0 && batch[b - 1].blocks == token.blocks;
    const size_t table = same ? places_[b - 1].table : used;
    if (!same) {
      for (const int32_t block : token.blocks->blocks) tables_[used++] = static_cast<uint32_t>(block);
    }
    places_[b] = {.position = U32(token.position), .table = U32(table)};
  }
}

gpu::AttentionArguments GpuAttention::ArgumentsOf(size_t layer, const GpuRows& query,
                                                  const GpuRows& key) const {
  return {.block_bytes = KvCache::BlockBytes(config_, cache_.type()),
          .tile_offset = cache_.TileOffset(layer, 0),
          .tile_bytes = U32(KvTileBytes(cache_.type(), config_.head_dim)),
          .kv_type = KvTypeNumber(cache_.type()),
          .head_dim = U32(config_.head_dim),
          .num_heads = U32(config_.num_heads),
          .num_kv_heads = U32(config_.num_kv_heads),
          .pairs_are_neighbours = config_.rope_pairs == RopePairs::kHalves ? 0u : 1u,
          .query_stride = U32(query.stride),
          .kv_stride = U32(key.stride),
          .num_chunks = U32(num_chunks_),
          .partial_size = U32(PartialSize(config_.head_dim)),
          .scale = 1 / std::sqrt(static_cast<float>(config_.head_dim)),
          .unused = 0};
}

void GpuAttention::NormHeads(const GpuAttentionOperands& x) {
  const gpu::HeadNormArguments arguments = {.head_dim = U32(config_.head_dim),
                                            .num_heads = U32(config_.num_heads),
                                            .query_stride = U32(x.query.stride),
                                            .kv_stride = U32(x.key.stride),
                                            .eps = config_.rms_norm_eps};
  commands_->Add(MetalKernel::kNormHeads,
                 {U32(config_.num_heads + config_.num_kv_heads), U32(batch_size_), 1},
                 {x.query.data, x.key.data, x.query_norm, x.key_norm}, arguments);
}

void GpuAttention::Run(size_t layer, const GpuAttentionOperands& x) {
  if (x.query_norm != nullptr) NormHeads(x);
  const gpu::AttentionArguments arguments = ArgumentsOf(layer, x.query, x.key);
  const std::byte* cache = cache_.memory().data();
  commands_->Add(MetalKernel::kRotateStore,
                 {arguments.num_heads + arguments.num_kv_heads, U32(batch_size_), 1},
                 {x.query.data, x.key.data, x.value.data, rope_.Cos(0), rope_.Sin(0), cache, tables_.data(),
                  places_.data()},
                 arguments);
  for (size_t begin = 0; begin < batch_size_; begin += tokens_at_once_) {
    const uint32_t tokens = U32(std::min(tokens_at_once_, batch_size_ - begin));
    const gpu::TokenPlace* places = places_.data() + begin;
    commands_->Add(MetalKernel::kAttendChunk, {U32(num_chunks_), arguments.num_heads, tokens},
                   {x.query.data + begin * x.query.stride, cache, tables_.data(), places, partials_.data()},
                   arguments);
    commands_->Add(MetalKernel::kJoinChunks, {arguments.num_heads, tokens, 1},
                   {partials_.data(), places, x.attended.data + begin * x.attended.stride}, arguments);
  }
}

}  // namespace bitnet
