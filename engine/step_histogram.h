// How long steps take, and how many sequences they serve at once.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "engine/engine.h"

namespace bitnet {

class StepHistogram {
 public:
  void Add(double seconds, size_t sequences) {
    ++count_;
    seconds_.Add(seconds);
    sequences_.Add(static_cast<double>(sequences));
  }

  void FillIn(EngineStats& stats) const {
    stats.steps = count_;
    stats.step_seconds_sum = seconds_.sum;
    stats.step_seconds_bounds.assign(kSeconds.begin(), kSeconds.end());
    stats.step_seconds_buckets.assign(seconds_.buckets.begin(), seconds_.buckets.end());
    stats.batch_size_sum = sequences_.sum;
    stats.batch_size_bounds.assign(kSequences.begin(), kSequences.end());
    stats.batch_size_buckets.assign(sequences_.buckets.begin(), sequences_.buckets.end());
  }

 private:
  template <const auto& kBounds>
  struct Buckets {
    void Add(double value) {
      ++buckets[std::ranges::lower_bound(kBounds, value) - kBounds.begin()];
      sum += value;
    }
    std::array<uint64_t, kBounds.size() + 1> buckets{};
    double sum = 0;
  };

  // From a small model's decode step to a large one's prefill chunk on one slow core, about 1-2-5.
  static constexpr std::array kSeconds = {0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1,
                                          0.15,  0.2,   0.35,  0.5,  1.0,  2.0,  5.0,  10.0};
  static constexpr std::array kSequences = {1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0};
  uint64_t count_ = 0;
  Buckets<kSeconds> seconds_;
  Buckets<kSequences> sequences_;
};

}  // namespace bitnet
