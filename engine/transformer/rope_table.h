// Rotary position embedding (Su et al. 2021, arXiv 2104.09864): the angles of every position.
#pragma once

#include <cstddef>

#include "engine/aligned_buffer.h"

namespace bitnet {

// Position p turns pair i of a head by p * theta^(-2i / head_dim). Computed in double by functions of our own
// and rounded once to float, so that the table is the same on every platform.
class RopeTable {
 public:
  RopeTable(size_t head_dim, size_t max_positions, double theta);

  const float* Cos(size_t position) const { return cos_.data() + position * half_; }  // [head_dim / 2]
  const float* Sin(size_t position) const { return sin_.data() + position * half_; }  // [head_dim / 2]

 private:
  size_t half_;
  AlignedBuffer<float> cos_;
  AlignedBuffer<float> sin_;
};

}  // namespace bitnet
