// Whether an answer that lost its worker is tried on another one.
#pragma once

#include "absl/time/time.h"

namespace bitnet {

// An answer may lose as many workers as there are, as long as it gets on in between. What must not be is a
// request that goes from worker to worker for ever: one that kills them, or one that none of them takes.
class FailoverPolicy {
 public:
  enum class Verdict {
    kTryAgain,
    kTooManyLosses,  // It came to nothing kMaxLosses times.
    kKillsWorkers,   // kMaxDeaths workers ended while they computed it: that is no accident.
  };
  static constexpr int kMaxLosses = 10;
  static constexpr int kMaxDeaths = 3;

  // A token came that there was not before.
  void OnProgress() { losses_ = deaths_ = 0; }
  // A worker was lost, and nobody had planned it. `computed`: it had given the request a slot; one that
  // waited behind others is not to blame.
  Verdict OnLoss(bool computed);
  // One more such loss and it ends. It may as well be innocent, and have run beside one that kills workers:
  // so suspects are tried apart from each other.
  bool suspect() const { return deaths_ == kMaxDeaths - 1; }
  // How long to wait before the next try. Nothing after a first loss; then 25 ms, doubling to a second, for
  // workers whose death has not been noticed yet, and for those that refuse.
  absl::Duration delay() const;

 private:
  int losses_ = 0;
  int deaths_ = 0;
};

}  // namespace bitnet
