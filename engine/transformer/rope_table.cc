#include "engine/transformer/rope_table.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "kernels/math/math.h"

namespace bitnet {
namespace {

// YaRN's ramp between pairs that turn more than kFastTurns times in the original context, which stay as they
// are, and those that turn less than kSlowTurns times, which slow down by the whole factor (arXiv 2309.00071,
// section 3.2, with the bounds its authors recommend for Llama).
constexpr double kFastTurns = 32;
constexpr double kSlowTurns = 1;

// The pair, as a fraction, that turns `turns` times in `context` positions.
double PairOfTurns(double turns, double context, size_t head_dim, double theta) {
  return static_cast<double>(head_dim) * Log(context / (turns * 2 * std::numbers::pi)) / (2 * Log(theta));
}

// 1 for pairs that keep their frequency, 0 for those that slow down.
std::vector<double> YarnRamp(size_t head_dim, double theta, const RopeScaling& scaling) {
  const double last = static_cast<double>(head_dim) - 1;
  const double low =
      std::max(0.0, std::floor(PairOfTurns(kFastTurns, scaling.original_context, head_dim, theta)));
  const double high =
      std::min(last, std::ceil(PairOfTurns(kSlowTurns, scaling.original_context, head_dim, theta)));
  std::vector<double> ramp(head_dim / 2);
  for (size_t i = 0; i < ramp.size(); ++i) {
    ramp[i] = 1 - std::clamp((static_cast<double>(i) - low) / std::max(0.001, high - low), 0.0, 1.0);
  }
  return ramp;
}

}  // namespace

RopeTable::RopeTable(size_t head_dim, size_t max_positions, double theta, const RopeScaling& scaling,
                     std::span<const float> factors)
    : half_(head_dim / 2), cos_(max_positions * half_), sin_(max_positions * half_) {
  const bool yarn = scaling.kind == RopeScaling::Kind::kYarn;
  const std::vector<double> kept =
      yarn ? YarnRamp(head_dim, theta, scaling) : std::vector<double>(half_, scaling.factor == 1 ? 1 : 0);
  // YaRN also sharpens attention: queries and keys both grow by this.
  const double amplitude = yarn ? 1 + 0.1 * Log(scaling.factor) : 1;
  std::vector<double> frequencies(half_);
  for (size_t i = 0; i < half_; ++i) {
    const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(head_dim);
    const double frequency = Exp(exponent * Log(theta));
    frequencies[i] = frequency / scaling.factor * (1 - kept[i]) + frequency * kept[i];
    if (!factors.empty()) {
      frequencies[i] /= static_cast<double>(factors[i]);
    }
  }
  for (size_t position = 0; position < max_positions; ++position) {
    for (size_t i = 0; i < half_; ++i) {
      const SinCosResult turn = SinCos(static_cast<double>(position) * frequencies[i]);
      cos_[position * half_ + i] = static_cast<float>(turn.cos * amplitude);
      sin_[position * half_ + i] = static_cast<float>(turn.sin * amplitude);
    }
  }
}

}  // namespace bitnet
