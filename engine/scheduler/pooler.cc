#include "engine/scheduler/pooler.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace bitnet {

Pooler::Pooler(Pooling pooling, size_t hidden_dim)
    : pooling_(pooling), sum_(hidden_dim), embedding_(hidden_dim) {
  assert(pooling != Pooling::kOfModel);
}

void Pooler::Add(std::span<const float> hidden) {
  assert(hidden.size() == sum_.size());
  for (size_t i = 0; i < sum_.size(); ++i) {
    sum_[i] += hidden[i];
  }
}

void Pooler::Reset() { std::ranges::fill(sum_, 0.0); }

std::span<const float> Pooler::Embedding() {
  double squares = 0;
  for (const double value : sum_) {
    squares += value * value;
  }
  const double scale = squares > 0 ? 1 / std::sqrt(squares) : 0;
  std::ranges::transform(sum_, embedding_.begin(),
                         [scale](double value) { return static_cast<float>(value * scale); });
  return embedding_;
}

}  // namespace bitnet
