// BitNet's linear layer: int8 activations, quantised per token, times ternary matrices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/aligned_buffer.h"
#include "engine/threads/thread_pool.h"
#include "engine/weights/model_weights.h"
#include "kernels/quantize/quantize.h"
#include "kernels/ternary_gemm/ternary_gemm.h"

namespace bitnet {

// The quantised inputs of a batch, [batch, k] for any k up to max_k.
class QuantizedBatch {
 public:
  QuantizedBatch(size_t max_batch, size_t max_k)
      : values_(max_batch * max_k), scales_(max_batch), sums_(max_batch) {}

  // Quantises x [k] into row b. Rows may be set concurrently.
  void Set(QuantizeInt8* quantize, size_t k, const float* x, size_t b) {
    const QuantizedRow row = quantize(k, x, values_.data() + b * k);
    scales_[b] = row.scale;
    sums_[b] = row.sum;
  }

  const int8_t* values() const { return values_.data(); }  // [batch, k]
  float scale(size_t b) const { return scales_[b]; }
  const int32_t* sums() const { return sums_.data(); }

 private:
  AlignedBuffer<int8_t> values_;
  AlignedBuffer<float> scales_;
  AlignedBuffer<int32_t> sums_;
};

// A matrix and where its product goes.
struct Projection {
  const TernaryMatrix* matrix;
  float* y;  // [batch, matrix->padded_rows()]
};

class TernaryLinear {
 public:
  static constexpr size_t kMaxProjections = 3;

  TernaryLinear(TernaryGemm* gemm, size_t max_batch, ThreadPool* pool)
      : gemm_(gemm), max_batch_(max_batch), pool_(pool), factors_(kMaxProjections * max_batch) {}

  // Multiplies the first `batch` rows of x by all matrices, which have the same k: one parallel piece of
  // work, in which each thread takes a run of tiles out of all of them.
  void Run(const QuantizedBatch& x, size_t batch, std::span<const Projection> projections);

 private:
  void RunTiles(const QuantizedBatch& x, size_t batch, const Projection& projection, const float* factors,
                size_t begin, size_t end) const;

  TernaryGemm* gemm_;
  size_t max_batch_;
  ThreadPool* pool_;              // Borrowed; outlives this.
  AlignedBuffer<float> factors_;  // [kMaxProjections, max_batch] weight scale / activation scale.
};

}  // namespace bitnet
