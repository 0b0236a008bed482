// Runs linear layers: one prepared input, one parallel piece of work over the tiles of all matrices that
// share it.
#pragma once

#include <cstddef>
#include <span>

#include "engine/aligned_buffer.h"
#include "engine/threads/thread_pool.h"
#include "engine/transformer/kernel_set.h"
#include "engine/transformer/linear_input.h"
#include "engine/transformer/matrix_product.h"
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

  // The same of a feed-forward layer's gate and up, whose inputs are alike and whose outputs as long; then
  // gate.y = activation(gate.y, up.y), done row by row where both were just made: on one thread alone it
  // would take a noticeable part of a step.
  using GateActivation = void(size_t n, const float* gate, const float* up, float* h);
  void RunGated(const float* x, size_t x_stride, size_t batch, const Projection& gate, const Projection& up,
                GateActivation* activation);

  // The rows as the last projections had them.
  const LinearInput& input() const { return input_; }

 private:
  // Makes the rows again if they are not as `linear` wants them.
  void PrepareFor(const Linear& linear, const float* x, size_t x_stride, size_t batch);
  void RunShared(size_t batch, std::span<const Projection> projections);
  void SetFactors(size_t i, const Matrix& matrix, size_t batch);
  // Products of `tiles` of projection number i, whose factors are set.
  void Multiply(size_t i, const Projection& projection, size_t batch, TileRange tiles) const;
  size_t Grain(size_t num_tiles) const;

  const KernelSet& kernels_;
  const size_t max_batch_;
  const float norm_eps_;
  ThreadPool* const pool_;
  LinearInput input_;
  AlignedBuffer<float> factors_;  // [kMaxProjections, max_batch] weight scale / activation scale.
};

}  // namespace bitnet
