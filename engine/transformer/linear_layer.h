// Runs linear layers: one prepared input, one parallel piece of work over the tiles of all matrices that
// share it.
#pragma once

#include <cstddef>
#include <span>

#include "engine/aligned_buffer.h"
#include "engine/threads/thread_pool.h"
#include "engine/transformer/kernel_set.h"
#include "engine/transformer/linear_input.h"
#include "engine/weights/model_weights.h"

namespace bitnet {

// A linear layer and where its product goes.
struct Projection {
  const Linear* linear;
  float* y;  // [batch, linear->matrix.padded_rows()]
};

class LinearLayer {
 public:
  static constexpr size_t kMaxProjections = 3;

  // `kernels` and `pool` are borrowed and outlive this.
  LinearLayer(const KernelSet& kernels, size_t max_batch, size_t max_k, float norm_eps, ThreadPool* pool)
      : kernels_(kernels),
        max_batch_(max_batch),
        norm_eps_(norm_eps),
        pool_(pool),
        input_(max_batch, max_k),
        factors_(kMaxProjections * max_batch) {}

  // First half of a run: says what comes, then takes the rows, concurrently if need be. Preparing rows where
  // they are made saves a pass and a barrier.
  void Begin(const Projection& first) { input_.Begin(InputSpec::Of(*first.linear), norm_eps_); }
  void SetRow(const float* x, size_t b) { input_.Set(kernels_, x, b); }

  // Second half: multiplies the first `batch` rows by all projections. Those that want their input prepared
  // otherwise than the first one have it made again from x [batch, x_stride].
  void Run(const float* x, size_t x_stride, size_t batch, std::span<const Projection> projections);

  // The rows as the last projections had them.
  const LinearInput& input() const { return input_; }

 private:
  void RunShared(size_t batch, std::span<const Projection> projections);

  const KernelSet& kernels_;
  const size_t max_batch_;
  const float norm_eps_;
  ThreadPool* const pool_;
  LinearInput input_;
  AlignedBuffer<float> factors_;  // [kMaxProjections, max_batch] weight scale / activation scale.
};

}  // namespace bitnet
