// Rotary position embedding (Su et al. 2021, arXiv 2104.09864): the angles of every position.
#pragma once

#include <cstddef>
#include <span>

#include "engine/aligned_buffer.h"
#include "engine/model/model_config.h"

namespace bitnet {

// Position p turns pair i of a head by p * theta^(-2i / head_dim), slowed down where the model was stretched:
// by `scaling`, and by factors[i] where there are factors (those of Llama 3.1, which its files hold as a
// tensor). Computed in double by functions of our own and rounded once to float, so that the table is the
// same on every platform.
class RopeTable {
 public:
  RopeTable(size_t head_dim, size_t max_positions, double theta, const RopeScaling& scaling = {},
            std::span<const float> factors = {});

  const float* Cos(size_t position) const { return cos_.data() + position * half_; }  // [head_dim / 2]
  const float* Sin(size_t position) const { return sin_.data() + position * half_; }  // [head_dim / 2]

 private:
  size_t half_;
  AlignedBuffer<float> cos_;
  AlignedBuffer<float> sin_;
};

}  // namespace bitnet
