#include "engine/metal/gpu_transformer.h"

#include <algorithm>

#include "base/status_macros.h"
#include "engine/metal/gpu_support.h"
#include "engine/model_cost.h"

namespace bitnet {
namespace {

// Of all norms of the layers and the last one.
size_t NumNormWeights(const ModelWeights& weights) {
  size_t n = weights.output_norm.size();
  for (const LayerWeights& layer : weights.layers) {
    n += layer.attn_norm.size() + layer.query_norm.size() + layer.key_norm.size() +
         layer.attn_sub_norm.size() + layer.ffn_norm.size() + layer.ffn_sub_norm.size();
  }
  return n;
}

// Dispatches of a layer at most, attention aside: seven products, each with an input of its own, and gates.
constexpr size_t kLayerDispatches = 7 * GpuLinear::kMaxDispatches + 1;

}  // namespace

absl::StatusOr<std::unique_ptr<GpuTransformer>> GpuTransformer::Create(
    const ModelConfig& config, const ModelWeights& weights, const KvCache& cache, const RopeTable& rope,
    size_t max_tokens, size_t max_logits, GpuDevice* device) {
  RETURN_IF_ERROR(CheckGpuSupport(weights));
  std::unique_ptr<GpuTransformer> transformer(
      new GpuTransformer(config, weights, cache, rope, max_tokens, max_logits, device));
  RETURN_IF_ERROR(transformer->memory_.Share());
  transformer->commands_.Reserve(config.num_layers *
                                     (kLayerDispatches + transformer->attention_.max_dispatches()) +
                                 GpuLinear::kMaxDispatches * max_tokens);
  return transformer;
}

GpuTransformer::GpuTransformer(const ModelConfig& config, const ModelWeights& weights, const KvCache& cache,
                               const RopeTable& rope, size_t max_tokens, size_t max_logits, GpuDevice* device)
    : config_(config),
      weights_(weights),
      device_(device),
      hidden_stride_(Matrix::PadRows(config.hidden_dim)),
      query_stride_(Matrix::PadRows(config.query_dim())),
      kv_stride_(Matrix::PadRows(config.kv_dim())),
      ffn_stride_(Matrix::PadRows(config.ffn_dim)),
      vocab_stride_(Matrix::PadRows(config.vocab_size)),
      memory_(device),
      commands_(&memory_),
      norms_(NumNormWeights(weights), memory_),
      residual_(max_tokens * config.hidden_dim, memory_),
      projected_(max_tokens * hidden_stride_, memory_),
      qkv_(max_tokens * (query_stride_ + 2 * kv_stride_), memory_),
      attended_(max_tokens * config.query_dim(), memory_),
      gate_up_(2 * max_tokens * ffn_stride_, memory_),
      logits_(max_logits * vocab_stride_, memory_),
      packed_logits_(vocab_stride_ == config.vocab_size ? 0 : max_logits * config.vocab_size),
      query_{qkv_.data(), query_stride_},
      key_{query_.data + max_tokens * query_stride_, kv_stride_},
      value_{key_.data + max_tokens * kv_stride_, kv_stride_},
      gate_{gate_up_.data(), ffn_stride_},
      up_{gate_up_.data() + max_tokens * ffn_stride_, ffn_stride_},
      linear_(std::max(max_tokens, max_logits), config.max_k(), config.rms_norm_eps, memory_, &commands_),
      attention_(config, rope, cache, max_tokens, memory_, &commands_) {
  CopyNorms();
  ShareWeights();
}

void GpuTransformer::CopyNorms() {
  float* end = norms_.data();
  const auto copy = [&end](const std::vector<float>& weights) -> const float* {
    if (weights.empty()) return nullptr;
    end = std::ranges::copy(weights, end).out;
    return end - weights.size();
  };
  for (const LayerWeights& layer : weights_.layers) {
    layer_norms_.push_back({.attn = copy(layer.attn_norm),
                            .query = copy(layer.query_norm),
                            .key = copy(layer.key_norm),
                            .attn_sub = copy(layer.attn_sub_norm),
                            .ffn = copy(layer.ffn_norm),
                            .ffn_sub = copy(layer.ffn_sub_norm)});
  }
  output_norm_ = copy(weights_.output_norm);
}

void GpuTransformer::ShareWeights() {
  // Scales follow the codes.
  const auto share = [this](const Matrix& matrix) { memory_.Add(matrix.codes, MatrixBytes(matrix)); };
  for (const LayerWeights& layer : weights_.layers) {
    for (const Linear* linear : layer.linears()) {
      share(linear->matrix);
    }
  }
  share(weights_.head);
}

absl::StatusOr<std::span<const float>> GpuTransformer::Forward(std::span<const BatchToken> batch) {
  commands_.Clear();
  Embed(batch);
  attention_.Begin(batch);
  for (size_t layer = 0; layer < config_.num_layers; ++layer) {
    AttentionBlock(layer, batch.size());
    FeedForwardBlock(layer, batch.size());
  }
  const size_t num_logits = OutputLogits(batch);
  RETURN_IF_ERROR(device_->Run(commands_.dispatches()));
  return PackLogits(num_logits);
}

void GpuTransformer::Embed(std::span<const BatchToken> batch) {
  for (size_t b = 0; b < batch.size(); ++b) {
    float* row = residual_.data() + b * config_.hidden_dim;
    if (!weights_.embedding->Floats(batch[b].token, row)) {
      std::fill_n(row, config_.hidden_dim, 0.0f);  // Of a damaged file: model_weights.h.
    }
  }
}

void GpuTransformer::AttentionBlock(size_t layer, size_t batch_size) {
  const LayerWeights& w = weights_.layers[layer];
  const LayerNorms& norms = layer_norms_[layer];
  // What the layer before has left to be added.
  const GpuRows addend = layer > 0 ? GpuRows{projected_.data(), hidden_stride_} : GpuRows{};
  const GpuProduct products[] = {{&w.query.matrix, query_}, {&w.key.matrix, key_}, {&w.value.matrix, value_}};
  linear_.Multiply({.x = {residual_.data(), config_.hidden_dim},
                    .addend = addend,
                    .weight = norms.attn,
                    .n = config_.hidden_dim},
                   products, qkv_.data(), batch_size);
  const GpuRows attended = {attended_.data(), config_.query_dim()};
  attention_.Run(layer, {.query = query_,
                         .key = key_,
                         .value = value_,
                         .attended = attended,
                         .query_norm = norms.query,
                         .key_norm = norms.key});
  const GpuProduct output[] = {{&w.attn_output.matrix, {projected_.data(), hidden_stride_}}};
  linear_.Multiply({.x = attended, .weight = norms.attn_sub, .n = config_.query_dim()}, output,
                   projected_.data(), batch_size);
}

void GpuTransformer::FeedForwardBlock(size_t layer, size_t batch_size) {
  const LayerWeights& w = weights_.layers[layer];
  const LayerNorms& norms = layer_norms_[layer];
  const GpuRows projected = {projected_.data(), hidden_stride_};
  linear_.MultiplyGated({.x = {residual_.data(), config_.hidden_dim},
                         .addend = projected,
                         .weight = norms.ffn,
                         .n = config_.hidden_dim},
                        {&w.gate.matrix, gate_}, {&w.up.matrix, up_}, gate_up_.data(), config_.ffn_activation,
                        batch_size);
  const GpuProduct down[] = {{&w.down.matrix, projected}};
  linear_.Multiply({.x = gate_, .weight = norms.ffn_sub, .n = config_.ffn_dim}, down, projected_.data(),
                   batch_size);
}

size_t GpuTransformer::OutputLogits(std::span<const BatchToken> batch) {
  size_t num_logits = 0;
  for (size_t b = 0; b < batch.size();) {
    size_t n = 0;  // Tokens from b on that want logits.
    while (b + n < batch.size() && batch[b + n].wants_logits) ++n;
    if (n == 0) {
      ++b;
      continue;
    }
    const GpuPreparation rows = {.x = {residual_.data() + b * config_.hidden_dim, config_.hidden_dim},
                                 .addend = {projected_.data() + b * hidden_stride_, hidden_stride_},
                                 .weight = output_norm_,
                                 .n = config_.hidden_dim};
    const GpuRows logits = {logits_.data() + num_logits * vocab_stride_, vocab_stride_};
    const GpuProduct head[] = {{&weights_.head, logits}};
    linear_.Multiply(rows, head, logits.data, n);
    num_logits += n;
    b += n;
  }
  return num_logits;
}

std::span<const float> GpuTransformer::PackLogits(size_t num_logits) {
  const size_t vocab_size = config_.vocab_size;
  if (packed_logits_.empty()) return {logits_.data(), num_logits * vocab_size};
  for (size_t i = 0; i < num_logits; ++i) {
    std::copy_n(logits_.data() + i * vocab_stride_, vocab_size, packed_logits_.data() + i * vocab_size);
  }
  return {packed_logits_.data(), num_logits * vocab_size};
}

}  // namespace bitnet
