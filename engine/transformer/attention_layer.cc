#include "engine/transformer/attention_layer.h"

#include <algorithm>
#include <cmath>

#include "kernels/elementwise/elementwise.h"

namespace bitnet {
namespace {

// Rows of a run, heads times tokens: with 16 a tile is read from memory for 16 queries, and their scores and
// sums, 16 + 9 KiB, fit the first cache beside it.
constexpr size_t kRunRows = 16;

// Pieces between two meetings of the threads: 64 of some 10 us each, so that waiting for the last one hardly
// counts. A slot is 9 KiB.
constexpr size_t kSlotsPerThread = 64;

}  // namespace

AttentionLayer::AttentionLayer(const ModelConfig& config, std::span<const float> rope_factors,
                               const KvCache& cache, const KernelSet& kernels, ThreadPool* pool)
    : config_(config),
      cache_(cache),
      kernels_(kernels),
      pool_(pool),
      rope_(config.head_dim, config.max_seq_len, config.rope_theta, config.rope_scaling, rope_factors),
      scale_(1 / std::sqrt(static_cast<float>(config.head_dim))),
      group_(config.num_heads / config.num_kv_heads),
      run_tokens_(std::max<size_t>(kRunRows / group_, 1)),
      partial_(PartialSize(config.head_dim)),
      slot_(run_tokens_ * group_ * partial_),
      scores_size_(run_tokens_ * group_ * kAttentionChunk),
      num_slots_(std::max(pool->num_threads() * kSlotsPerThread, NumAttentionChunks(config.max_seq_len))),
      slots_(num_slots_ * slot_),
      scores_(pool->num_threads() * scores_size_) {
  items_.reserve(num_slots_);
  owners_.reserve(num_slots_);
}

void AttentionLayer::Run(std::span<const BatchToken> batch, const LayerWeights& weights, size_t layer,
                         const AttentionOperands& x) {
  pool_->ParallelFor(batch.size(), [&](size_t begin, size_t end) {
    for (size_t b = begin; b < end; ++b) {
      RotateAndAppend(batch[b], weights, layer, x.query + b * x.query_stride, x.key + b * x.kv_stride,
                      x.value + b * x.kv_stride);
    }
  });
  for (size_t b = 0, n; b < batch.size(); b += n) {
    n = RunLength(batch, b);
    const size_t num_chunks = NumAttentionChunks(batch[b].position + n);
    for (size_t kv_head = 0; kv_head < config_.num_kv_heads; ++kv_head) {
      if (owners_.size() + num_chunks > num_slots_) {
        ComputeItems(batch, layer, x);
      }
      const size_t first_slot = owners_.size();
      owners_.resize(first_slot + num_chunks, items_.size());
      items_.push_back({.begin = b,
                        .num_tokens = n,
                        .position = batch[b].position,
                        .kv_head = kv_head,
                        .num_chunks = num_chunks,
                        .first_slot = first_slot});
    }
  }
  ComputeItems(batch, layer, x);
}

void AttentionLayer::RotateAndAppend(const BatchToken& token, const LayerWeights& weights, size_t layer,
                                     float* query, float* key, const float* value) const {
  const size_t head_dim = config_.head_dim;
  for (size_t head = 0; head < config_.num_heads; ++head) {
    NormAndRotateHead(weights.query_norm, token.position, query + head * head_dim);
  }
  std::byte* block = token.blocks->data[token.position / kBlockTokens];
  for (size_t head = 0; head < config_.num_kv_heads; ++head) {
    NormAndRotateHead(weights.key_norm, token.position, key + head * head_dim);
    StoreKv(cache_.type(), head_dim, key + head * head_dim, value + head * head_dim,
            token.position % kBlockTokens, block + cache_.TileOffset(layer, head));
  }
}

void AttentionLayer::NormAndRotateHead(std::span<const float> norm, size_t position, float* head) const {
  if (!norm.empty()) {
    kernels_.rms_norm(norm.size(), head, norm.data(), config_.rms_norm_eps, head);
  }
  const auto rotate = config_.rope_pairs == RopePairs::kHalves ? RotateHalves : RotatePairs;
  rotate(config_.head_dim, rope_.Cos(position), rope_.Sin(position), head);
}

size_t AttentionLayer::RunLength(std::span<const BatchToken> batch, size_t begin) const {
  const size_t limit = std::min(run_tokens_, batch.size() - begin);
  size_t n = 1;
  while (n < limit && batch[begin + n].blocks == batch[begin].blocks &&
         batch[begin + n].position == batch[begin].position + n) {
    ++n;
  }
  return n;
}

void AttentionLayer::ComputeItems(std::span<const BatchToken> batch, size_t layer,
                                  const AttentionOperands& x) {
  // Pieces take about as long as each other, so they are dealt out like cards.
  const size_t num_threads = pool_->num_threads();
  pool_->RunOnAll([&](int thread) {
    float* scores = scores_.data() + thread * scores_size_;
    for (size_t slot = thread; slot < owners_.size(); slot += num_threads) {
      const Item& item = items_[owners_[slot]];
      AttendPiece(batch[item.begin], item, slot - item.first_slot, layer, x, scores);
      if (item.num_chunks == 1) {
        JoinRows(item, x);
      }
    }
  });
  if (owners_.size() > items_.size()) {  // Some have several chunks.
    pool_->RunOnAll([&](int thread) {
      for (size_t i = thread; i < items_.size(); i += num_threads) {
        if (items_[i].num_chunks > 1) {
          JoinRows(items_[i], x);
        }
      }
    });
  }
  items_.clear();
  owners_.clear();
}

void AttentionLayer::AttendPiece(const BatchToken& token, const Item& item, size_t chunk, size_t layer,
                                 const AttentionOperands& x, float* scores) {
  // A run's first tokens may come before the chunk's first key.
  const size_t first_key = chunk * kAttentionChunk;
  const size_t skipped = first_key > item.position ? first_key - item.position : 0;
  kernels_.attend_chunk(
      {.type = cache_.type(),
       .head_dim = config_.head_dim,
       .num_tokens = item.num_tokens - skipped,
       .group = group_,
       .num_keys = std::min(item.position + skipped + 1 - first_key, kAttentionChunk),
       .blocks = token.blocks->data.data() + first_key / kBlockTokens,
       .tile_offset = cache_.TileOffset(layer, item.kv_head),
       .query = x.query + (item.begin + skipped) * x.query_stride + item.kv_head * group_ * config_.head_dim,
       .token_stride = x.query_stride,
       .scale = scale_,
       .scores = scores,
       .partials = slots_.data() + (item.first_slot + chunk) * slot_ + skipped * group_ * partial_,
       .partial_stride = partial_});
}

void AttentionLayer::JoinRows(const Item& item, const AttentionOperands& x) {
  for (size_t row = 0; row < item.num_tokens * group_; ++row) {
    const size_t token = row / group_;
    const size_t head = item.kv_head * group_ + row % group_;
    kernels_.join_chunks(config_.head_dim, NumAttentionChunks(item.position + token + 1),
                         slots_.data() + item.first_slot * slot_ + row * partial_, slot_,
                         x.attended + (item.begin + token) * config_.query_dim() + head * config_.head_dim);
  }
}

}  // namespace bitnet
