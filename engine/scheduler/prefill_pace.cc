#include "engine/scheduler/prefill_pace.h"

#include <algorithm>

namespace bitnet {

void PrefillPace::Learn(size_t prompt_tokens, absl::Duration elapsed) {
  if (prompt_tokens < kFewest) {
    return;  // Mostly the time of reading the weights.
  }
  const absl::Duration newest = std::max(elapsed / static_cast<double>(prompt_tokens), absl::Nanoseconds(1));
  token_time_ = token_time_ == absl::ZeroDuration() ? newest : kNewest * newest + (1 - kNewest) * token_time_;
}

size_t PrefillPace::Budget(bool answers_wait) const {
  if (!answers_wait || step_time_ <= absl::ZeroDuration()) {
    return chunk_size_;
  }
  if (token_time_ == absl::ZeroDuration()) {
    return std::min(kFewest, chunk_size_);  // The first step tells.
  }
  const double tokens = absl::FDivDuration(step_time_, token_time_);
  return std::clamp(static_cast<size_t>(std::min(tokens, 1e9)), std::min(kFewest, chunk_size_), chunk_size_);
}

}  // namespace bitnet
