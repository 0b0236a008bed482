// How long steps take.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "engine/engine.h"

namespace bitnet {

class StepHistogram {
 public:
  void Add(double seconds) {
    ++buckets_[std::ranges::lower_bound(kBounds, seconds) - kBounds.begin()];
    ++count_;
    sum_ += seconds;
  }

  void FillIn(EngineStats& stats) const {
    stats.steps = count_;
    stats.step_seconds_sum = sum_;
    stats.step_seconds_bounds.assign(kBounds.begin(), kBounds.end());
    stats.step_seconds_buckets.assign(buckets_.begin(), buckets_.end());
  }

 private:
  // From a small model's decode step to a large one's prefill chunk on one slow core, about 1-2-5.
  static constexpr std::array kBounds = {0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1,
                                         0.15,  0.2,   0.35,  0.5,  1.0,  2.0,  5.0,  10.0};
  std::array<uint64_t, kBounds.size() + 1> buckets_{};
  uint64_t count_ = 0;
  double sum_ = 0;
};

}  // namespace bitnet
