// How much of its usual work a whole server does while its machine is warm.
#pragma once

#include <span>

#include "service/router/worker_pool.h"

namespace bitnet {

// The mean of the weights of the workers that are up and have told their status; 1 without any.
inline double HeatWeight(std::span<const WorkerPool::View> workers) {
  double weights = 0;
  int told = 0;
  for (const WorkerPool::View& worker : workers) {
    if (worker.up && worker.status.has_value()) {
      weights += worker.weight;
      ++told;
    }
  }
  return told > 0 ? weights / told : 1;
}

}  // namespace bitnet
