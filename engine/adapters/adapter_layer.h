// The arithmetic of adapters in a step.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/adapters/adapter.h"
#include "engine/aligned_buffer.h"
#include "engine/threads/thread_pool.h"
#include "kernels/float_gemm/float_gemm.h"

namespace bitnet {

// For each adapter of a token, in the order of its list:
//
//   h = scale * (A x)      A x by kernels/float_gemm's definition, then one multiplication by the product of
//                          the request's scale and the pair's, rounded to float
//   y = y + B h            B h by the same definition, then one addition
//
// so what a token gets depends on its list and its x alone: the same bits in any batch, on any number of
// threads and any instruction set.
class AdapterLayer {
 public:
  // What one matrix gave, to be added to.
  struct Output {
    ProjectionKind kind;
    float* y;  // [batch, y_stride]
    size_t y_stride;
  };
  static constexpr size_t kMaxOutputs = 3;

  // Takes all memory it needs. `pool` is borrowed and outlives this.
  AdapterLayer(FloatGemm* gemm, size_t max_tokens, ThreadPool* pool);

  // Forgets the tokens of the last step; then one call per token of this step, in batch order. Lists are
  // borrowed until the next BeginStep. Tokens in a row that have the same list (not an equal one) are
  // multiplied together.
  void BeginStep();
  void AddToken(std::span<const ActiveAdapter> adapters);
  // Whether a token of this step has any.
  bool any() const { return !segments_.empty(); }

  // Adds to what matrices of `layer` gave for x [batch, x_stride], the float inputs of all of them. Does
  // nothing, at no cost, if no token has an adapter.
  void Run(size_t layer, const float* x, size_t x_stride, std::span<const Output> outputs);

 private:
  // Tokens in a row that have the same list.
  struct Segment {
    size_t begin;
    size_t count;
    std::span<const ActiveAdapter> adapters;
  };

  // The two products of each segment's adapter number `round`: this thread's share of the rows.
  void MultiplyA(size_t layer, size_t round, const float* x, size_t x_stride, std::span<const Output> outputs,
                 int thread) const;
  void AddB(size_t layer, size_t round, std::span<const Output> outputs, int thread) const;
  // Adds rows [row, row + num_rows) of B h to output number i of the segment's tokens.
  void AddRows(const LowRankPair& pair, const Segment& segment, size_t i, const Output& output, size_t row,
               size_t num_rows) const;
  // [kMaxOutputs, kMaxAdapterRank]
  float* Inner(size_t token, size_t output) const {
    return inner_.data() + (token * kMaxOutputs + output) * kMaxAdapterRank;
  }

  FloatGemm* const gemm_;
  ThreadPool* const pool_;
  AlignedBuffer<float> inner_;  // [max_tokens, kMaxOutputs, kMaxAdapterRank] h of this round.
  size_t num_tokens_ = 0;
  size_t num_rounds_ = 0;          // The longest list's length.
  std::vector<Segment> segments_;  // Of tokens that have adapters.
};

}  // namespace bitnet
