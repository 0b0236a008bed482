#include "bench/predict/gpu_step.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/metal/gpu_linear.h"
#include "engine/model/architecture.h"
#include "engine/weights/packed_format.h"
#include "kernels/attention/attention.h"
#include "kernels/metal/arguments.h"

namespace bitnet {
namespace {

uint64_t Ceil(uint64_t n, uint64_t of) { return (n + of - 1) / of; }

uint64_t Bytes(const WeightType& type, uint64_t rows, uint64_t k) {
  return IsPacked(type.type) ? PackedBytes(type.type, rows, k, type.group) : rows * k * sizeof(uint16_t);
}

// int8 with one scale a token: a dispatch that norms and rounds at once, and one for gate, up and what gates.
bool IsTernary(const WeightType& type) {
  return type.type == GgmlType::kPacked2Bit || type.type == GgmlType::kPackedBase3;
}
bool IsSign(const WeightType& type) { return type.type == GgmlType::kQ1K; }

// Appends dispatches of one step.
class StepBuilder {
 public:
  StepBuilder(const PredictedModel& model, const StepTokens& tokens)
      : model_(model),
        shape_(model.shape),
        type_(model.type),
        architecture_(*FindArchitecture(model.shape.architecture)),
        tokens_(tokens) {}

  std::vector<DispatchCost> Build() {
    const uint64_t query = shape_.num_heads * shape_.head_dim;
    const uint64_t kv = shape_.num_kv_heads * shape_.head_dim;
    const uint64_t n = tokens_.tokens;
    for (size_t layer = 0; layer < shape_.num_layers; ++layer) {
      Input(type_, true, n);
      Products(type_, {query, kv, kv}, shape_.hidden_dim, n);
      Attention();
      Input(type_, architecture_.sub_norms, n);
      Products(type_, {shape_.hidden_dim}, query, n);
      Input(type_, true, n);
      Products(type_, {shape_.ffn_dim, shape_.ffn_dim}, shape_.hidden_dim, n);
      if (!IsTernary(type_) || n >= GpuLinear::kGemmMinBatch) Rows(n);  // Gates; else the GEMV has done them.
      Input(type_, architecture_.sub_norms, n);
      Products(type_, {shape_.hidden_dim}, shape_.ffn_dim, n);
    }
    Head();
    return std::move(step_);
  }

 private:
  // Norms and quantisers: a threadgroup for each token, of activations that are in the caches.
  void Rows(uint64_t n) { step_.push_back({.bytes = 0, .simdgroups = n * gpu::kRowSimdgroups}); }
  void Input(const WeightType& type, bool norms, uint64_t n) {
    if (norms && !IsTernary(type)) Rows(n);
    Rows(n);
  }

  void Products(const WeightType& type, std::initializer_list<uint64_t> rows, uint64_t k, uint64_t n) {
    if (IsSign(type)) {
      for (const uint64_t r : rows) {
        step_.push_back({.bytes = Bytes(type, r, k) * n, .simdgroups = Ceil(r, gpu::kSignRows) * n});
      }
      return;
    }
    uint64_t bytes = 0, tiles = 0, weights = 0;
    for (const uint64_t r : rows) {
      bytes += Bytes(type, r, k);
      tiles += Ceil(r, gpu::kTileRows);
      weights += r * k;
    }
    if (n >= GpuLinear::kGemmMinBatch) {
      const uint64_t columns = Ceil(n, gpu::kGemmColumns);
      step_.push_back({.bytes = bytes * columns,
                       .simdgroups = Ceil(tiles, gpu::kGemmTiles) * gpu::kGemmSimdgroups * columns,
                       .unit = GpuUnit::kMatrix,
                       .macs = weights * columns * gpu::kGemmColumns});
    } else {
      // Each column reads all weights.
      step_.push_back(
          {.bytes = bytes * n, .simdgroups = Ceil(tiles, gpu::kGemvTiles) * gpu::kGemvSimdgroups * n});
    }
  }

  // Norms of heads; rotating and storing; chunks, each query head on its own; joining them.
  void Attention() {
    const uint64_t n = tokens_.tokens;
    const uint64_t heads = shape_.num_heads * n, kv_heads = shape_.num_kv_heads * n;
    const uint64_t position_macs = 2 * shape_.num_heads * shape_.head_dim;
    if (architecture_.query_key_norms) step_.push_back({.bytes = 0, .simdgroups = heads + kv_heads});
    step_.push_back({.bytes = 0, .simdgroups = heads + kv_heads});
    // A prompt's tokens find in the caches what one of them has read.
    const uint64_t positions = tokens_.prompt ? tokens_.context + n : tokens_.attended();
    step_.push_back({.bytes = positions * position_macs * sizeof(uint16_t),
                     .simdgroups = Ceil(tokens_.context + 1, kAttentionChunk) * heads * gpu::kRowSimdgroups,
                     .unit = tokens_.prompt ? GpuUnit::kLanes : GpuUnit::kNone,
                     .macs = tokens_.prompt ? tokens_.attended() * position_macs : 0});
    step_.push_back({.bytes = 0, .simdgroups = heads * gpu::kJoinSimdgroups});
  }

  void Head() {
    const uint64_t rows = shape_.vocab_size, n = tokens_.logits();
    if (model_.has_int6_head()) {
      Rows(n);
      step_.push_back({.bytes = model_.head_bytes() * n,
                       .simdgroups = Ceil(rows, gpu::kTileRows) * gpu::kHeadSimdgroups * n});
    } else if (!IsPacked(model_.head.type)) {
      Rows(n);
      step_.push_back({.bytes = model_.head_bytes() * n, .simdgroups = Ceil(rows, 2) * n});
    } else {
      Input(model_.head, true, n);
      Products(model_.head, {rows}, shape_.hidden_dim, n);
    }
  }

  const PredictedModel& model_;
  const ModelShape& shape_;
  const WeightType& type_;
  const Architecture& architecture_;
  const StepTokens tokens_;
  std::vector<DispatchCost> step_;
};

absl::Status CheckGroups(const WeightType& type, std::initializer_list<uint64_t> lengths) {
  for (const uint64_t k : lengths) {
    if (type.group != 0 && k % type.group != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("rows of ", k, " weights are no whole number of groups of ", type.group));
    }
  }
  return absl::OkStatus();
}

}  // namespace

bool PredictedModel::has_int6_head() const {
  return !IsPacked(head.type) && QuantizesHead(head_format, shape.vocab_size, shape.hidden_dim);
}

uint64_t PredictedModel::layer_bytes() const {
  const uint64_t query = shape.num_heads * shape.head_dim, kv = shape.num_kv_heads * shape.head_dim;
  const uint64_t hidden = shape.hidden_dim, ffn = shape.ffn_dim;
  return shape.num_layers *
         (Bytes(type, query, hidden) + 2 * Bytes(type, kv, hidden) + Bytes(type, hidden, query) +
          2 * Bytes(type, ffn, hidden) + Bytes(type, hidden, ffn));
}

uint64_t PredictedModel::head_bytes() const {
  if (has_int6_head()) return PackedBytes(GgmlType::kPackedInt6, shape.vocab_size, shape.hidden_dim, 0);
  return Bytes(head, shape.vocab_size, shape.hidden_dim);
}

absl::StatusOr<std::vector<DispatchCost>> GpuStep(const PredictedModel& model, const StepTokens& tokens) {
  const ModelShape& shape = model.shape;
  if (!IsPacked(model.type.type)) {
    return absl::UnimplementedError(absl::StrCat("engine/metal runs no layers of type ", model.type.name));
  }
  RETURN_IF_ERROR(
      CheckGroups(model.type, {shape.hidden_dim, shape.ffn_dim, shape.num_heads * shape.head_dim}));
  RETURN_IF_ERROR(CheckGroups(model.head, {shape.hidden_dim}));
  return StepBuilder(model, tokens).Build();
}

uint64_t TotalBytes(const std::vector<DispatchCost>& step) {
  uint64_t bytes = 0;
  for (const DispatchCost& dispatch : step) bytes += dispatch.bytes;
  return bytes;
}

}  // namespace bitnet
