// Whether a worker that is meant for performance cores gets them.
#pragma once

#include <optional>
#include <string>

#include "proto/bitnet/worker/v1/worker.pb.h"

namespace bitnet {

// macOS keeps a process whose launchd job has ProcessType Background, or that was started by taskpolicy -b,
// to efficiency cores: it computes several times slower, reads its file slowly, and nothing else tells.
// Threads cannot ask themselves out of it.
class CoreWatch {
 public:
  // With what one process has told, each time. What is to be said of it, once; nothing while all is well, and
  // where the system does not tell cores apart.
  std::optional<std::string> Observe(const worker::v1::WorkerStatus& status);

 private:
  bool said_ = false;
};

}  // namespace bitnet
