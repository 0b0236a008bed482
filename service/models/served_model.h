// One of the models that a front serves: its name, its workers, who waits for them.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/bitnet/v1/inference.pb.h"
#include "service/metrics/request_metrics.h"
#include "service/models/model_spec.h"
#include "service/models/worker_files.h"
#include "service/rolling_restart.h"
#include "service/router/adapter_set.h"
#include "service/router/status_poller.h"
#include "service/router/worker_pool.h"
#include "service/router/worker_waiters.h"
#include "service/service_options.h"
#include "service/supervisor/supervisor.h"
#include "service/supervisor/worker_spec.h"

namespace bitnet {

// Models share nothing but the machine: each has workers of its own, which are started again, watched and
// restarted apart from those of others. Safe to share between threads, but for the starting and stopping.
class ServedModel : private WorkerPreparer {
 public:
  // Called on threads of the model's.
  struct Events {
    // ready() or failed() has become something else. Must not ask the pool.
    std::function<void()> on_change;
    // Answers on the worker at `link` are to go on elsewhere.
    std::function<void(const WorkerLink& link)> move_answers;
    // The workers have been asked for their status, `elapsed` after they were before.
    std::function<void(absl::Duration elapsed)> on_round;
  };

  // `metrics` is borrowed and outlives this.
  ServedModel(ModelSpec spec, std::vector<WorkerSpec> workers, ModelMetrics* metrics, Events events);

  // Returns at once; the workers load the model meanwhile.
  void StartWorkers(const ServiceOptions& options, const std::string& run_directory);
  // Ends a restart that is under way; starts no other one.
  void CancelRestart() { restart_.Cancel(); }
  void StopPolling() { poller_.reset(); }
  void StopWorkers(absl::Duration grace);

  const std::string& name() const { return spec_.name; }
  const std::vector<std::string>& aliases() const { return spec_.aliases; }
  WorkerPool& pool() { return pool_; }
  const WorkerPool& pool() const { return pool_; }
  WorkerWaiters& waiters() { return waiters_; }
  AdapterSet& adapters() { return adapters_; }
  RollingRestart& restart() { return restart_; }
  ModelMetrics& metrics() { return *metrics_; }

  // Whether a worker is; whether one has ever been.
  bool ready() const { return ready_; }
  bool has_been_ready() const { return has_been_ready_; }
  // No worker is left that could be started again.
  bool failed() const { return failed_; }
  std::string failure() const;  // The first reason.

  // As requests are checked against it: the numbers of its file. UNAVAILABLE until a worker has read them.
  absl::StatusOr<v1::Model> Facts() const;
  // For listings: with aliases and state, and without numbers as long as no worker has read them.
  v1::Model Describe() const;

 private:
  // A worker joins the others unless its file has been replaced since it read it; it has their adapters then.
  absl::Status Prepare(WorkerLink& link, const std::function<void()>& join) override;
  void OnReadiness(bool ready);
  void OnStalled(WorkerLink& link, const std::string& why);
  // The process at `link` is leaving: nobody is given to it any more, and those it has go on elsewhere.
  void Retire(WorkerLink& link);
  void OnAllFailed(const std::string& reason);

  const ModelSpec spec_;
  const std::vector<WorkerSpec> workers_;
  ModelMetrics* const metrics_;
  const Events events_;
  std::atomic<bool> ready_ = false;
  std::atomic<bool> has_been_ready_ = false;
  std::atomic<bool> failed_ = false;
  mutable absl::Mutex mutex_;
  std::string failure_ ABSL_GUARDED_BY(mutex_);

  WorkerFiles files_;
  WorkerWaiters waiters_;
  WorkerPool pool_;
  AdapterSet adapters_;
  RollingRestart restart_;
  std::unique_ptr<Supervisor> supervisor_;
  std::unique_ptr<StatusPoller> poller_;
};

}  // namespace bitnet
