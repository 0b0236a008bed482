#include "service/router/worker_liveness.h"

#include "absl/strings/str_cat.h"

namespace bitnet {

void WorkerLiveness::OnStatus(uint64_t steps, bool has_work, absl::Duration elapsed) {
  silent_ = absl::ZeroDuration();
  stuck_ = has_work && steps == steps_ ? stuck_ + elapsed : absl::ZeroDuration();
  steps_ = steps;
}

std::optional<std::string> WorkerLiveness::Stalled(const LivenessLimits& limits) const {
  if (silent_ >= limits.silence) {
    return absl::StrCat("it did not answer for ", absl::FormatDuration(silent_));
  }
  if (stuck_ >= limits.step) {
    return absl::StrCat("it had requests and finished no step for ", absl::FormatDuration(stuck_));
  }
  return std::nullopt;
}

}  // namespace bitnet
