#include "engine/transformer/transformer.h"

#include <algorithm>
#include <cassert>

#include "kernels/elementwise/elementwise.h"

namespace bitnet {

Transformer::Transformer(const ModelConfig& config, const ModelWeights& weights, const KvCache& cache,
                         CpuFeatures features, BatchLimits limits, ThreadPool* pool)
    : config_(config),
      weights_(weights),
      kernels_(features),
      limits_(limits),
      pool_(pool),
      hidden_stride_(Matrix::PadRows(config.hidden_dim)),
      query_stride_(Matrix::PadRows(config.query_dim())),
      kv_stride_(Matrix::PadRows(config.kv_dim())),
      ffn_stride_(Matrix::PadRows(config.ffn_dim)),
      vocab_stride_(Matrix::PadRows(config.vocab_size)),
      residual_(limits.max_tokens * config.hidden_dim),
      normed_(limits.max_tokens * config.hidden_dim),
      projected_(limits.max_tokens * hidden_stride_),
      query_(limits.max_tokens * query_stride_),
      key_(limits.max_tokens * kv_stride_),
      value_(limits.max_tokens * kv_stride_),
      attended_(limits.max_tokens * config.query_dim()),
      gate_(limits.max_tokens * ffn_stride_),
      up_(limits.max_tokens * ffn_stride_),
      logits_(limits.max_logits * vocab_stride_),
      packed_logits_(vocab_stride_ == config.vocab_size ? 0 : limits.max_logits * config.vocab_size),
      needed_(limits.max_logits),
      linear_(kernels_, std::max(limits.max_tokens, limits.max_logits), config.max_k(), config.input_norm_eps,
              pool),
      attention_(config, weights.rope_factors, cache, kernels_, pool),
      adapters_(kernels_.float_gemm, limits.max_tokens, pool),
      head_{.matrix = weights.head},
      head_copy_{.matrix = weights.screen.copy},
      screened_head_(weights_.head, weights_.screen, kernels_.float_gemm, pool),
      sparse_(kernels_, weights_.sparse, config.hidden_dim, config.ffn_dim, pool) {}

std::span<const float> Transformer::Forward(std::span<const BatchToken> batch) {
  assert(batch.size() <= limits_.max_tokens);
  if (accelerator_ != nullptr && accelerator_->Takes(batch)) {
    if (const auto logits = accelerator_->Forward(batch)) {
      return *logits;
    }
  }
  adapters_.BeginStep();
  for (const BatchToken& token : batch) {
    adapters_.AddToken(token.adapters);
  }
  Embed(batch);
  for (size_t layer = 0; layer < config_.num_layers; ++layer) {
    AttentionBlock(batch, layer);
    FeedForwardBlock(batch.size(), layer);
  }
  HiddenStates(batch);
  return OutputLogits(batch);
}

void Transformer::Embed(std::span<const BatchToken> batch) {
  pool_->ParallelFor(batch.size(), [&](size_t begin, size_t end) {
    for (size_t b = begin; b < end; ++b) {
      float* row = residual_.data() + b * config_.hidden_dim;
      if (!weights_.embedding->Floats(batch[b].token, row)) {
        std::fill_n(row, config_.hidden_dim, 0.0f);  // Of a damaged file: model_weights.h.
      }
    }
  });
}

void Transformer::AttentionBlock(std::span<const BatchToken> batch, size_t layer) {
  const LayerWeights& w = weights_.layers[layer];
  const size_t hidden_dim = config_.hidden_dim;
  const Projection qkv[] = {{&w.query, query_.data()}, {&w.key, key_.data()}, {&w.value, value_.data()}};
  linear_.Begin(qkv[0]);
  pool_->ParallelFor(batch.size(), [&](size_t begin, size_t end) {
    for (size_t b = begin; b < end; ++b) {
      NormAndPrepare(w.attn_norm, residual_.data() + b * hidden_dim, normed_.data() + b * hidden_dim, b);
    }
  });
  linear_.Run(normed_.data(), hidden_dim, batch.size(), qkv);
  const AdapterLayer::Output adapted_qkv[] = {{ProjectionKind::kQuery, query_.data(), query_stride_},
                                              {ProjectionKind::kKey, key_.data(), kv_stride_},
                                              {ProjectionKind::kValue, value_.data(), kv_stride_}};
  adapters_.Run(layer, normed_.data(), hidden_dim, adapted_qkv);

  attention_.Run(batch, w, layer,
                 {.query = query_.data(),
                  .query_stride = query_stride_,
                  .key = key_.data(),
                  .value = value_.data(),
                  .kv_stride = kv_stride_,
                  .attended = attended_.data()});

  const size_t query_dim = config_.query_dim();
  const Projection output[] = {{&w.attn_output, projected_.data()}};
  linear_.Begin(output[0]);
  pool_->ParallelFor(batch.size(), [&](size_t begin, size_t end) {
    for (size_t b = begin; b < end; ++b) {
      float* attended = attended_.data() + b * query_dim;
      NormAndPrepare(w.attn_sub_norm, attended, attended, b);
    }
  });
  linear_.Run(attended_.data(), query_dim, batch.size(), output);
  const AdapterLayer::Output adapted_output[] = {
      {ProjectionKind::kAttnOutput, projected_.data(), hidden_stride_}};
  adapters_.Run(layer, attended_.data(), query_dim, adapted_output);
}

void Transformer::FeedForwardBlock(size_t batch_size, size_t layer) {
  const LayerWeights& w = weights_.layers[layer];
  const size_t hidden_dim = config_.hidden_dim;
  const bool sparse = sparse_.Has(layer, batch_size) && !adapters_.any();
  linear_.Begin({&w.gate, gate_.data()});
  pool_->ParallelFor(batch_size, [&](size_t begin, size_t end) {
    for (size_t b = begin; b < end; ++b) {
      float* residual = residual_.data() + b * hidden_dim;
      AddTo(hidden_dim, projected_.data() + b * hidden_stride_, residual);
      NormAndPrepare(w.ffn_norm, residual, normed_.data() + b * hidden_dim, b);
    }
  });
  GateAndUp(batch_size, layer, sparse);

  const Projection down[] = {{&w.down, projected_.data()}};
  linear_.Begin(down[0]);
  pool_->ParallelFor(batch_size, [&](size_t begin, size_t end) {
    for (size_t b = begin; b < end; ++b) {
      float* gate = gate_.data() + b * ffn_stride_;
      NormAndPrepare(w.ffn_sub_norm, gate, gate, b);
    }
  });
  if (!sparse || !sparse_.Down(layer, linear_.input(), batch_size, down[0])) {
    linear_.Run(gate_.data(), ffn_stride_, batch_size, down);
  }
  const AdapterLayer::Output adapted_down[] = {{ProjectionKind::kDown, projected_.data(), hidden_stride_}};
  adapters_.Run(layer, gate_.data(), ffn_stride_, adapted_down);

  pool_->ParallelFor(batch_size, [&](size_t begin, size_t end) {
    for (size_t b = begin; b < end; ++b) {
      AddTo(hidden_dim, projected_.data() + b * hidden_stride_, residual_.data() + b * hidden_dim);
    }
  });
}

void Transformer::GateAndUp(size_t batch_size, size_t layer, bool sparse) {
  const LayerWeights& w = weights_.layers[layer];
  const Projection gate_up[] = {{&w.gate, gate_.data()}, {&w.up, up_.data()}};
  const std::span<const Projection> both = gate_up;
  const float* x = normed_.data();
  const size_t k = config_.hidden_dim;
  const auto activation = config_.ffn_activation == FfnActivation::kSilu ? SiluGate : SquaredReluGate;
  if (!sparse && !adapters_.any() && InputSpec::Of(w.gate) == InputSpec::Of(w.up)) {
    linear_.RunGated(x, k, batch_size, gate_up[0], gate_up[1], activation);
    return;
  }
  if (sparse) {
    linear_.Run(x, k, batch_size, both.first(1));
    if (!sparse_.Up(layer, gate_.data(), linear_.input(), batch_size, gate_up[1])) {
      linear_.Run(x, k, batch_size, both.last(1));
    }
  } else {
    linear_.Run(x, k, batch_size, both);
    const AdapterLayer::Output adapted[] = {{ProjectionKind::kGate, gate_.data(), ffn_stride_},
                                            {ProjectionKind::kUp, up_.data(), ffn_stride_}};
    adapters_.Run(layer, x, k, adapted);
  }
  // Of all tokens in one: what fills up their tiles is not used.
  constexpr size_t kAtOnce = 512;
  pool_->ParallelForChunks(batch_size * ffn_stride_, kAtOnce, [&](size_t begin, size_t end) {
    activation(end - begin, gate_.data() + begin, up_.data() + begin, gate_.data() + begin);
  });
}

void Transformer::NormAndPrepare(std::span<const float> weight, const float* x, float* normed, size_t b) {
  if (weight.empty()) {
    assert(x == normed);
  } else {
    kernels_.rms_norm(weight.size(), x, weight.data(), config_.rms_norm_eps, normed);
  }
  linear_.SetRow(normed, b);
}

void Transformer::HiddenStates(std::span<const BatchToken> batch) {
  if (std::ranges::none_of(batch, &BatchToken::wants_hidden)) {
    return;
  }
  const size_t hidden_dim = config_.hidden_dim;
  pool_->ParallelFor(batch.size(), [&](size_t begin, size_t end) {
    for (size_t b = begin; b < end; ++b) {
      if (batch[b].wants_hidden) {
        kernels_.rms_norm(hidden_dim, residual_.data() + b * hidden_dim, weights_.output_norm.data(),
                          config_.rms_norm_eps, projected_.data() + b * hidden_stride_);
      }
    }
  });
}

// One token that needs all of them has the whole head read, and then the others may have them too.
bool Transformer::ScreensHead(std::span<const BatchToken> batch) const {
  const size_t most = std::min(ScreenedHead::kMostNeeded, config_.vocab_size);
  return weights_.screen.present() && std::ranges::all_of(batch, [most](const BatchToken& token) {
           return !token.wants_logits || token.logits_needed <= most;
         });
}

std::span<const float> Transformer::OutputLogits(std::span<const BatchToken> batch) {
  const size_t hidden_dim = config_.hidden_dim;
  const size_t vocab_size = config_.vocab_size;
  const bool screens = ScreensHead(batch);
  const Projection head[] = {{screens ? &head_copy_ : &head_, logits_.data()}};
  linear_.Begin(head[0]);
  size_t num_logits = 0;
  for (size_t b = 0; b < batch.size(); ++b) {
    if (batch[b].wants_logits) {
      assert(num_logits < limits_.max_logits);
      needed_[num_logits] = batch[b].logits_needed;
      NormAndPrepare(weights_.output_norm, residual_.data() + b * hidden_dim,
                     normed_.data() + num_logits * hidden_dim, num_logits);
      ++num_logits;
    }
  }
  if (num_logits == 0) {
    return {};
  }
  linear_.Run(normed_.data(), hidden_dim, num_logits, head);
  for (size_t i = 0; screens && i < num_logits; ++i) {
    screened_head_.Refine(normed_.data() + i * hidden_dim, linear_.input(), i, needed_[i],
                          logits_.span().subspan(i * vocab_stride_, vocab_size));
  }
  if (packed_logits_.size() == 0) {
    return logits_.span().first(num_logits * vocab_size);
  }
  for (size_t i = 0; i < num_logits; ++i) {
    std::copy_n(logits_.data() + i * vocab_stride_, vocab_size, packed_logits_.data() + i * vocab_size);
  }
  return packed_logits_.span().first(num_logits * vocab_size);
}

}  // namespace bitnet
