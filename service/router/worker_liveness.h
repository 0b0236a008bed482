// Whether a worker that runs gets on, too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace bitnet {

struct LivenessLimits {
  // A worker answers from memory, whatever it computes: one that is silent for so long is stopped or stuck.
  absl::Duration silence = absl::Seconds(10);
  // One step: the largest prompt chunk on the slowest kernels takes a minute for a large model.
  absl::Duration step = absl::Minutes(2);
};

// Fed with the outcome of each poll. Time is what passed between polls and not what a clock says, so that a
// front that was itself suspended does not blame its workers for it.
class WorkerLiveness {
 public:
  // It answered: `steps` so far, and whether it has requests.
  void OnStatus(uint64_t steps, bool has_work, absl::Duration elapsed);
  // It did not.
  void OnSilence(absl::Duration elapsed) { silent_ += elapsed; }

  // It did not answer when asked last: what is known of it is old.
  bool stale() const { return silent_ > absl::ZeroDuration(); }
  // Since it was last seen to have ended a step, or to have nothing to do.
  absl::Duration step_age() const { return silent_ + stuck_; }
  // Why it is to be killed, if it is.
  std::optional<std::string> Stalled(const LivenessLimits& limits) const;

 private:
  absl::Duration silent_ = absl::ZeroDuration();
  absl::Duration stuck_ = absl::ZeroDuration();  // With work, and without the end of a step.
  uint64_t steps_ = 0;
};

}  // namespace bitnet
