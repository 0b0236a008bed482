// All the workers of a model.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "service/clock.h"
#include "service/models/model_spec.h"
#include "service/models/worker_files.h"
#include "service/service_options.h"
#include "service/supervisor/supervised_worker.h"
#include "service/supervisor/worker_observer.h"
#include "service/supervisor/worker_spec.h"

namespace bitnet {

// Starts the workers when it is made. Safe to share between threads.
class Supervisor : private WorkerObserver {
 public:
  // Borrows `files`, `observer` and `clock`, which outlive it; `observer` is called with indexes into
  // `specs`. `on_all_failed` is called once, when no worker is left that could be started again, with the
  // first reason.
  Supervisor(const ServiceOptions& options, const ModelSpec& model, WorkerFiles* files,
             const std::vector<WorkerSpec>& specs, const std::string& run_directory, WorkerObserver* observer,
             Clock* clock, std::function<void(std::string)> on_all_failed);
  // Stops without grace what still runs.
  ~Supervisor() override;

  // SIGTERM to every worker, SIGKILL to those that are still there after `grace`. Returns when all have
  // ended.
  void Stop(absl::Duration grace);

  // As SupervisedWorker says.
  void KillProcess(size_t worker, const std::string& socket_path, const std::string& why);
  void RestartProcess(size_t worker, const std::string& socket_path);
  void KillFrozen(absl::Duration elapsed, absl::Duration limit);

 private:
  void OnWorkerStarting(size_t worker, std::optional<RestartReason> again) override;
  absl::Status OnWorkerReady(size_t worker, const std::string& socket_path) override;
  void OnWorkerGone(size_t worker, const std::string& reason, bool permanently) override;

  WorkerObserver* const observer_;
  Clock* const clock_;
  const std::function<void(std::string)> on_all_failed_;
  absl::Mutex mutex_;
  size_t left_ ABSL_GUARDED_BY(mutex_);
  std::string first_failure_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<SupervisedWorker>> workers_;
};

}  // namespace bitnet
