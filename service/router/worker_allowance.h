// What a worker may do of what it could.
#pragma once

#include <optional>

namespace bitnet {

struct WorkerAllowance {
  double weight = 1;                  // Below 1: requests take it for so much slower, and go elsewhere.
  std::optional<int> sequences = {};  // That it may begin at once; absent: as many as it was started for.

  bool operator==(const WorkerAllowance&) const = default;
};

}  // namespace bitnet
