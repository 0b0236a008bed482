// What the supervisor tells about its workers.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "service/supervisor/restart_reason.h"

namespace bitnet {

// Called on the worker's own supervising thread: for one worker in order, for several at the same time.
class WorkerObserver {
 public:
  virtual ~WorkerObserver() = default;
  // `again`: why its last process is followed by another one; none the first time.
  virtual void OnWorkerStarting(size_t worker, std::optional<RestartReason> again) = 0;
  // It listens at `socket_path`. On an error it is killed and started again as if it had died by itself.
  virtual absl::Status OnWorkerReady(size_t worker, const std::string& socket_path) = 0;
  // It has ended; `permanently` if it will not be started again.
  virtual void OnWorkerGone(size_t worker, const std::string& reason, bool permanently) = 0;
};

}  // namespace bitnet
