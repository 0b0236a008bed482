// How many prompt tokens a step may have beside answers that wait for it.
#pragma once

#include <cstddef>

#include "absl/time/time.h"

namespace bitnet {

// A prompt is read fastest in large chunks, but every answer stands still for as long as a chunk takes: with
// 256 tokens of a 2-billion model on two cores, seconds. Learns what a prompt token costs here from the steps
// that had some, and allows so many that a step is over in time.
class PrefillPace {
 public:
  // `step_time`: of a step, at most; zero: as long as chunk_size takes.
  PrefillPace(absl::Duration step_time, size_t chunk_size) : step_time_(step_time), chunk_size_(chunk_size) {}

  // A step with so many prompt tokens took this long.
  void Learn(size_t prompt_tokens, absl::Duration elapsed);
  // For the next one. Where no answer waits, all of chunk_size.
  size_t Budget(bool answers_wait) const;

 private:
  // Fewer are hardly faster: the weights are read in any case.
  static constexpr size_t kFewest = 8;
  // Of the newest step in the mean. Steps differ: more answers, longer contexts.
  static constexpr double kNewest = 0.3;

  const absl::Duration step_time_;
  const size_t chunk_size_;
  absl::Duration token_time_ = absl::ZeroDuration();  // Zero: nothing learnt yet.
};

}  // namespace bitnet
