#include "engine/transformer/rope_table.h"

#include <vector>

#include "kernels/math/math.h"

namespace bitnet {

RopeTable::RopeTable(size_t head_dim, size_t max_positions, double theta)
    : half_(head_dim / 2), cos_(max_positions * half_), sin_(max_positions * half_) {
  std::vector<double> frequencies(half_);
  for (size_t i = 0; i < half_; ++i) {
    const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(head_dim);
    frequencies[i] = Exp(exponent * Log(theta));
  }
  for (size_t position = 0; position < max_positions; ++position) {
    for (size_t i = 0; i < half_; ++i) {
      const SinCosResult turn = SinCos(static_cast<double>(position) * frequencies[i]);
      cos_[position * half_ + i] = static_cast<float>(turn.cos);
      sin_[position * half_ + i] = static_cast<float>(turn.sin);
    }
  }
}

}  // namespace bitnet
