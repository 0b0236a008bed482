// How the server treats its clients' connections.
#pragma once

#include "absl/time/time.h"

namespace bitnet {

struct ConnectionOptions {
  // A client whose connection has been quiet for so long is pinged, and given up if it does not answer.
  // gRPC's own values are two hours and 20 s.
  absl::Duration keepalive_time = absl::Seconds(30);
  absl::Duration keepalive_timeout = absl::Seconds(10);
  // A connection of this age, give or take a tenth, is told to go: clients make a new one, perhaps to another
  // server, and answers in progress go on with the old one for `max_age_grace`. Infinite: never, or for ever.
  absl::Duration max_age = absl::InfiniteDuration();
  absl::Duration max_age_grace = absl::InfiniteDuration();
};

}  // namespace bitnet
