// What the supervisor tells about its workers.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"

namespace bitnet {

// Called on the worker's own supervising thread: for one worker in order, for several at the same time.
class WorkerObserver {
 public:
  virtual ~WorkerObserver() = default;
  // `restarts`: how often it has been started before.
  virtual void OnWorkerStarting(size_t worker, int restarts) = 0;
  // It listens at `socket_path`. On an error it is killed and started again as if it had died by itself.
  virtual absl::Status OnWorkerReady(size_t worker, const std::string& socket_path) = 0;
  // It has ended; `permanently` if it will not be started again.
  virtual void OnWorkerGone(size_t worker, const std::string& reason, bool permanently) = 0;
};

}  // namespace bitnet
