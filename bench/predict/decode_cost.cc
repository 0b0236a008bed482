#include "bench/predict/decode_cost.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/metal/gpu_linear.h"
#include "engine/weights/packed_format.h"
#include "kernels/attention/attention.h"
#include "kernels/metal/arguments.h"

namespace bitnet {
namespace {

uint64_t Ceil(uint64_t n, uint64_t of) { return (n + of - 1) / of; }

// Appends dispatches of one step.
class StepBuilder {
 public:
  StepBuilder(const ModelShape& shape, const WeightType& type, const WeightType& head, size_t batch,
              size_t context)
      : shape_(shape), type_(type), head_(head), batch_(batch), context_(context) {}

  std::vector<DispatchCost> Build() {
    const uint64_t query = shape_.num_heads * shape_.head_dim;
    const uint64_t kv = shape_.num_kv_heads * shape_.head_dim;
    for (size_t layer = 0; layer < shape_.num_layers; ++layer) {
      Rows();
      Product({query, kv, kv}, shape_.hidden_dim);
      Attention();
      Rows();
      Product({shape_.hidden_dim}, query);
      Rows();
      Product({shape_.ffn_dim, shape_.ffn_dim}, shape_.hidden_dim);
      if (batch_ >= GpuLinear::kGemmMinBatch) Rows();  // Gates; a GEMV has done them.
      Rows();
      Product({shape_.hidden_dim}, shape_.ffn_dim);
    }
    Rows();
    Head();
    return std::move(step_);
  }

 private:
  uint64_t Bytes(const WeightType& type, uint64_t rows, uint64_t k) const {
    return IsPacked(type.type) ? PackedBytes(type.type, rows, k, type.group) : rows * k * sizeof(uint16_t);
  }
  // Norms and quantisers: a threadgroup for each sequence, of activations that are in the caches.
  void Rows() { step_.push_back({.bytes = 0, .simdgroups = batch_ * gpu::kRowSimdgroups}); }

  void Product(std::initializer_list<uint64_t> rows, uint64_t k) {
    uint64_t bytes = 0, tiles = 0;
    for (const uint64_t n : rows) {
      bytes += Bytes(type_, n, k);
      tiles += Ceil(n, gpu::kTileRows);
    }
    if (batch_ >= GpuLinear::kGemmMinBatch) {
      const uint64_t columns = Ceil(batch_, gpu::kGemmColumns);
      step_.push_back({.bytes = bytes * columns,
                       .simdgroups = Ceil(tiles, gpu::kGemmTiles) * gpu::kGemmSimdgroups * columns});
    } else {
      // Each column reads all weights.
      step_.push_back({.bytes = bytes * batch_,
                       .simdgroups = Ceil(tiles, gpu::kGemvTiles) * gpu::kGemvSimdgroups * batch_});
    }
  }

  // Rotating and storing; chunks, each query head on its own; joining them.
  void Attention() {
    const uint64_t heads = shape_.num_heads * batch_;
    const uint64_t position_bytes = 2 * shape_.num_heads * shape_.head_dim * sizeof(uint16_t);
    step_.push_back({.bytes = 0, .simdgroups = heads + shape_.num_kv_heads * batch_});
    step_.push_back({.bytes = batch_ * context_ * position_bytes,
                     .simdgroups = Ceil(context_ + 1, kAttentionChunk) * heads * gpu::kRowSimdgroups});
    step_.push_back({.bytes = 0, .simdgroups = heads * gpu::kJoinSimdgroups});
  }

  void Head() {
    const uint64_t rows = shape_.vocab_size;
    step_.push_back(
        {.bytes = Bytes(head_, rows, shape_.hidden_dim) * batch_, .simdgroups = Ceil(rows, 2) * batch_});
  }

  const ModelShape& shape_;
  const WeightType& type_;
  const WeightType& head_;
  const uint64_t batch_, context_;
  std::vector<DispatchCost> step_;
};

}  // namespace

absl::StatusOr<std::vector<DispatchCost>> GpuStep(const ModelShape& shape, const WeightType& type,
                                                  const WeightType& head, size_t batch, size_t context) {
  for (const uint64_t k : {shape.hidden_dim, shape.ffn_dim, shape.num_heads * shape.head_dim}) {
    if (type.group != 0 && k % type.group != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("rows of ", k, " weights are no whole number of groups of ", type.group));
    }
  }
  return StepBuilder(shape, type, head, batch, context).Build();
}

uint64_t TotalBytes(const std::vector<DispatchCost>& step) {
  uint64_t bytes = 0;
  for (const DispatchCost& dispatch : step) bytes += dispatch.bytes;
  return bytes;
}

absl::StatusOr<uint64_t> CpuStepBytes(const ModelShape& shape, const WeightType& type, const WeightType& head,
                                      size_t batch, size_t context) {
  ASSIGN_OR_RETURN(const std::vector<DispatchCost> weights, GpuStep(shape, type, head, 1, 0));
  const uint64_t position = 2 * shape.num_kv_heads * shape.head_dim * sizeof(uint16_t) * shape.num_layers;
  return TotalBytes(weights) + batch * context * position;
}

Prediction PredictGpu(const MacChip& chip, const std::vector<DispatchCost>& step, size_t batch) {
  double seconds = 0;
  for (const DispatchCost& dispatch : step) {
    const double full = kSimdgroupsToFillACore * chip.gpu_cores;
    const double share = kGpuBandwidthShare * std::min(1.0, static_cast<double>(dispatch.simdgroups) / full);
    seconds += kDispatchSeconds + static_cast<double>(dispatch.bytes) / (share * chip.bandwidth);
  }
  const double tokens_per_second = static_cast<double>(batch) / seconds;
  return {.tokens_per_second = tokens_per_second,
          .joules_per_token = kGpuCoreWatts * chip.gpu_cores / tokens_per_second};
}

Prediction PredictCpu(const MacChip& chip, uint64_t step_bytes, size_t batch) {
  const double bytes_per_second =
      std::min(chip.cpu_bandwidth, kCpuCoreBytesPerSecond * chip.performance_cores);
  const double tokens_per_second =
      static_cast<double>(batch) * bytes_per_second / static_cast<double>(step_bytes);
  return {.tokens_per_second = tokens_per_second,
          .joules_per_token = kCpuCoreWatts * chip.performance_cores / tokens_per_second};
}

}  // namespace bitnet
