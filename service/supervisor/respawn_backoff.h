// How long to wait before a worker that died is started again.
#pragma once

#include "absl/time/time.h"

namespace bitnet {

// 0.1 s, doubling to 10 s, or to 1 s for a worker that could serve: answers wait for it, and its model is
// known to load. From the start again once it has been healthy for 30 s. So a worker that was killed is back
// at once, and one that dies on every start costs a machine next to nothing.
class RespawnBackoff {
 public:
  // The worker has died after having been ready for `healthy`, zero if it never was.
  absl::Duration NextDelay(absl::Duration healthy);

 private:
  absl::Duration delay_ = absl::ZeroDuration();
};

}  // namespace bitnet
