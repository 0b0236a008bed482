#include "engine/transformer/transformer.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "engine/weights/half.h"
#include "kernels/elementwise/elementwise.h"

namespace bitnet {
namespace {

size_t PadToTile(size_t rows) { return TernaryMatrix{.rows = rows}.padded_rows(); }
size_t PadToLanes(size_t n) { return (n + 15) / 16 * 16; }

size_t MaxK(const ModelConfig& config) {
  return std::max({config.hidden_dim, config.query_dim(), config.ffn_dim});
}

}  // namespace

Transformer::Transformer(const ModelConfig& config, const ModelWeights& weights, const KvCache& cache,
                         CpuFeatures features, BatchLimits limits, ThreadPool* pool)
    : config_(config),
      weights_(weights),
      cache_(cache),
      kernels_(features),
      limits_(limits),
      pool_(pool),
      rope_(config.head_dim, config.max_seq_len, config.rope_theta),
      attention_scale_(1 / std::sqrt(static_cast<float>(config.head_dim))),
      hidden_stride_(PadToTile(config.hidden_dim)),
      query_stride_(PadToTile(config.query_dim())),
      kv_stride_(PadToTile(config.kv_dim())),
      ffn_stride_(PadToTile(config.ffn_dim)),
      residual_(limits.max_tokens * config.hidden_dim),
      normed_(limits.max_tokens * config.hidden_dim),
      projected_(limits.max_tokens * hidden_stride_),
      query_(limits.max_tokens * query_stride_),
      key_(limits.max_tokens * kv_stride_),
      value_(limits.max_tokens * kv_stride_),
      attended_(limits.max_tokens * config.query_dim()),
      gate_(limits.max_tokens * ffn_stride_),
      up_(limits.max_tokens * ffn_stride_),
      scores_(pool->num_threads() * PadToLanes(config.max_seq_len)),
      logits_(limits.max_logits * config.vocab_size),
      quantized_(limits.max_tokens, MaxK(config)),
      linear_(kernels_.ternary_gemm, limits.max_tokens, pool) {}

std::span<const float> Transformer::Forward(std::span<const BatchToken> batch) {
  assert(batch.size() <= limits_.max_tokens);
  Embed(batch);
  for (size_t layer = 0; layer < config_.num_layers; ++layer) {
    AttentionBlock(batch, layer);
    FeedForwardBlock(batch.size(), layer);
  }
  return OutputLogits(batch);
}

void Transformer::Embed(std::span<const BatchToken> batch) {
  pool_->ParallelFor(batch.size(), [&](size_t begin, size_t end) {
    for (size_t b = begin; b < end; ++b) {
      std::ranges::transform(
          weights_.embedding.subspan(batch[b].token * config_.hidden_dim, config_.hidden_dim),
          residual_.data() + b * config_.hidden_dim, HalfToFloat);
    }
  });
}

void Transformer::AttentionBlock(std::span<const BatchToken> batch, size_t layer) {
  const LayerWeights& w = weights_.layers[layer];
  pool_->ParallelFor(batch.size(), [&](size_t begin, size_t end) {
    for (size_t b = begin; b < end; ++b) {
      NormAndQuantize(w.attn_norm, residual_.data() + b * config_.hidden_dim,
                      normed_.data() + b * config_.hidden_dim, b);
    }
  });
  const Projection qkv[] = {{&w.query, query_.data()}, {&w.key, key_.data()}, {&w.value, value_.data()}};
  linear_.Run(quantized_, batch.size(), qkv);

  pool_->ParallelFor(batch.size(), [&](size_t begin, size_t end) {
    for (size_t b = begin; b < end; ++b) {
      RotateAndAppend(batch[b], b, layer);
    }
  });
  // Later positions attend to more keys, so the work is dealt out like cards rather than cut in runs.
  pool_->RunOnAll([&](int thread) {
    float* scores = scores_.data() + thread * PadToLanes(config_.max_seq_len);
    for (size_t i = thread; i < batch.size() * config_.num_heads; i += pool_->num_threads()) {
      const size_t b = i / config_.num_heads;
      AttendHead(batch[b], b, layer, i % config_.num_heads, scores);
    }
  });

  pool_->ParallelFor(batch.size(), [&](size_t begin, size_t end) {
    for (size_t b = begin; b < end; ++b) {
      float* attended = attended_.data() + b * config_.query_dim();
      NormAndQuantize(w.attn_sub_norm, attended, attended, b);
    }
  });
  const Projection output[] = {{&w.attn_output, projected_.data()}};
  linear_.Run(quantized_, batch.size(), output);
}

void Transformer::RotateAndAppend(const BatchToken& token, size_t b, size_t layer) {
  const size_t head_dim = config_.head_dim;
  const float* cos = rope_.Cos(token.position);
  const float* sin = rope_.Sin(token.position);
  for (size_t head = 0; head < config_.num_heads; ++head) {
    RotateHalves(head_dim, cos, sin, query_.data() + b * query_stride_ + head * head_dim);
  }
  const size_t block = token.position / kBlockTokens;
  for (size_t head = 0; head < config_.num_kv_heads; ++head) {
    const size_t offset = cache_.RowOffset(layer, head, token.position);
    float* key = key_.data() + b * kv_stride_ + head * head_dim;
    RotateHalves(head_dim, cos, sin, key);
    std::copy_n(key, head_dim, token.blocks->keys[block] + offset);
    const float* value = value_.data() + b * kv_stride_ + head * head_dim;
    std::copy_n(value, head_dim, token.blocks->values[block] + offset);
  }
}

void Transformer::AttendHead(const BatchToken& token, size_t b, size_t layer, size_t head, float* scores) {
  const size_t kv_head = head / (config_.num_heads / config_.num_kv_heads);
  kernels_.attention({.head_dim = config_.head_dim,
                      .num_keys = token.position + 1,
                      .block_tokens = kBlockTokens,
                      .key_blocks = token.blocks->keys.data(),
                      .value_blocks = token.blocks->values.data(),
                      .head_offset = cache_.HeadOffset(layer, kv_head),
                      .query = query_.data() + b * query_stride_ + head * config_.head_dim,
                      .scale = attention_scale_,
                      .scores = scores,
                      .out = attended_.data() + b * config_.query_dim() + head * config_.head_dim});
}

void Transformer::FeedForwardBlock(size_t batch_size, size_t layer) {
  const LayerWeights& w = weights_.layers[layer];
  pool_->ParallelFor(batch_size, [&](size_t begin, size_t end) {
    for (size_t b = begin; b < end; ++b) {
      float* residual = residual_.data() + b * config_.hidden_dim;
      AddTo(config_.hidden_dim, projected_.data() + b * hidden_stride_, residual);
      NormAndQuantize(w.ffn_norm, residual, normed_.data() + b * config_.hidden_dim, b);
    }
  });
  const Projection gate_up[] = {{&w.gate, gate_.data()}, {&w.up, up_.data()}};
  linear_.Run(quantized_, batch_size, gate_up);

  pool_->ParallelFor(batch_size, [&](size_t begin, size_t end) {
    for (size_t b = begin; b < end; ++b) {
      float* gate = gate_.data() + b * ffn_stride_;
      SquaredReluGate(config_.ffn_dim, gate, up_.data() + b * ffn_stride_, gate);
      NormAndQuantize(w.ffn_sub_norm, gate, gate, b);
    }
  });
  const Projection down[] = {{&w.down, projected_.data()}};
  linear_.Run(quantized_, batch_size, down);

  pool_->ParallelFor(batch_size, [&](size_t begin, size_t end) {
    for (size_t b = begin; b < end; ++b) {
      AddTo(config_.hidden_dim, projected_.data() + b * hidden_stride_,
            residual_.data() + b * config_.hidden_dim);
    }
  });
}

void Transformer::NormAndQuantize(std::span<const float> weight, const float* x, float* normed, size_t b) {
  kernels_.rms_norm(weight.size(), x, weight.data(), config_.rms_norm_eps, normed);
  quantized_.Set(kernels_.quantize, weight.size(), normed, b);
}

std::span<const float> Transformer::OutputLogits(std::span<const BatchToken> batch) {
  const size_t hidden_dim = config_.hidden_dim;
  const size_t vocab_size = config_.vocab_size;
  size_t num_logits = 0;
  for (size_t b = 0; b < batch.size(); ++b) {
    if (batch[b].wants_logits) {
      assert(num_logits < limits_.max_logits);
      kernels_.rms_norm(hidden_dim, residual_.data() + b * hidden_dim, weights_.output_norm.data(),
                        config_.rms_norm_eps, normed_.data() + num_logits * hidden_dim);
      ++num_logits;
    }
  }
  if (num_logits > 0) {
    pool_->ParallelFor(vocab_size, [&](size_t begin, size_t end) {
      kernels_.half_gemm({.rows = end - begin,
                          .k = hidden_dim,
                          .batch = num_logits,
                          .w = weights_.embedding.data() + begin * hidden_dim,
                          .x = normed_.data(),
                          .x_stride = hidden_dim,
                          .y = logits_.data() + begin,
                          .y_stride = vocab_size});
    });
  }
  return logits_.span().first(num_logits * vocab_size);
}

}  // namespace bitnet
