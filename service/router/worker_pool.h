// The workers as requests see them: which are ready, and which one comes next.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/heat/thermal_steps.h"
#include "service/router/core_watch.h"
#include "service/router/prefix_memory.h"
#include "service/router/route.h"
#include "service/router/worker_allowance.h"
#include "service/router/worker_link.h"
#include "service/router/worker_liveness.h"
#include "service/supervisor/worker_observer.h"
#include "service/supervisor/worker_spec.h"

namespace bitnet {

// Brings a worker to the state of the others before it joins them.
class WorkerPreparer {
 public:
  virtual ~WorkerPreparer() = default;
  // Calls `join` once, at the end, unless it returns an error: then the worker is killed and started again.
  virtual absl::Status Prepare(WorkerLink& link, const std::function<void()>& join) = 0;
};

// Fed by the supervisor, asked by the rpc handlers. Safe to share between threads.
class WorkerPool : public WorkerObserver {
 public:
  // What is known of one worker, for metrics.
  struct View {
    std::string name;
    std::string model = {};              // That it serves.
    CoreKind kind = CoreKind::kUnknown;  // Of the cores it runs on.
    bool up = false;
    double weight = 1;               // Of its usual work, as the heat of its machine allows (ThermalSteps).
    WorkerAllowance allowance = {};  // As the ceiling of power allows.
    std::array<int, kRestartReasons.size()> restarts_by_reason = {};  // In the order of kRestartReasons.
    std::optional<worker::v1::WorkerStatus> status = {};              // As last told by the running process.
    absl::Duration step_age = {};                                     // WorkerLiveness::step_age of that.

    int restarts() const { return std::accumulate(restarts_by_reason.begin(), restarts_by_reason.end(), 0); }
  };

  // `on_readiness` is called whenever the first worker becomes ready or the last one ceases to be; calls do
  // not overlap, and it must not call the pool.
  // `model` is only what views call it.
  WorkerPool(const std::string& model, const std::vector<WorkerSpec>& workers,
             std::function<void(bool ready)> on_readiness);

  // Borrowed; outlives the supervisor. Called before the first worker is started.
  void SetPreparer(WorkerPreparer* preparer) { preparer_ = preparer; }

  void OnWorkerStarting(size_t worker, std::optional<RestartReason> again) override;
  // Connects, asks for the model, and has the worker prepared.
  absl::Status OnWorkerReady(size_t worker, const std::string& socket_path) override;
  void OnWorkerGone(size_t worker, const std::string& reason, bool permanently) override;

  struct Wanted {
    const WorkerLink* avoid = nullptr;  // Not this one.
    bool suspect = false;               // Nor one that has a suspect already.
    int64_t tokens = 0;                 // Of work that the request is; 0 for what takes no time.
    // Of the model file that it began with (v1::Model.fingerprint), whose weights it must go on with. Absent:
    // it is new, and gets the one that is served now.
    std::optional<std::string> file = {};
    uint64_t prefix = 0;      // PrefixMemory::Hash of its prompt; 0: it does not matter.
    bool background = false;  // Its priority is: it had better leave the performance cores to others.
  };
  // The ready worker that will be done with it the soonest, or that knows its beginning (route.h).
  // UNAVAILABLE says what each worker is doing instead.
  absl::StatusOr<WorkerLease> Pick(const Wanted& wanted);
  // How long a prompt of so many tokens takes by the speed of the fastest ready worker. None if there is one
  // whose speed is not known yet, or that may have the prompt's beginning in its cache.
  std::optional<absl::Duration> PrefillTime(uint32_t tokens, uint64_t prefix) const;
  // OK if Pick would find a worker now.
  absl::Status CheckReady() const;
  // False if there were not `workers` of them ready until `deadline`.
  bool AwaitReady(absl::Time deadline, int workers = 1) const;

  // Workers may have loaded different files, while one takes the place of another. The one that is served is
  // that of the worker that joined last, but for a closed one. A file is in use as long as a lease, or a copy
  // of its file(), is held.

  // New requests get no worker with `file`, until Open.
  void Close(const std::string& file);
  void Open();
  // Waits until nobody uses `file`. False once StopWaiting was called.
  bool AwaitUnused(const std::string& file) const;
  // Whether a ready worker, other than that at `link`, has the same file.
  bool HasPeer(const WorkerLink& link) const;
  // A ready worker with another file than `file`; null if there is none.
  std::shared_ptr<WorkerLink> FindOther(const std::string& file) const;
  // The process that serves for `worker` now; null if there is none.
  std::shared_ptr<WorkerLink> LinkOf(size_t worker) const;
  // Why its last process went away.
  std::string ReasonOf(size_t worker) const;

  // Waits until another process than that at `link` serves for the same worker. False at the deadline, when
  // the worker is given up, and once StopWaiting was called.
  bool AwaitSuccessor(const WorkerLink& link, absl::Time deadline) const;
  void StopWaiting();

  // The one that is served. Known from the first ready worker on, also while none is; UNAVAILABLE before.
  absl::StatusOr<v1::Model> model() const;

  std::vector<std::shared_ptr<WorkerLink>> Links() const;  // Of the ready workers.
  // Of a worker that was asked for its status, `elapsed` after it was asked before: what it said, or that it
  // said nothing.
  void StoreStatus(const WorkerLink& link, worker::v1::WorkerStatus status, absl::Duration elapsed);
  void NoteSilence(const WorkerLink& link, absl::Duration elapsed);
  // One for each worker, in the order of Views: what requests find from now on, and workers are told when
  // they are asked next.
  void SetAllowances(std::span<const WorkerAllowance> allowances);
  std::optional<int> SequenceLimitOf(const WorkerLink& link) const;
  // Why it is to be killed, if it is.
  std::optional<std::string> Stalled(const WorkerLink& link, const LivenessLimits& limits);
  // Its process is going to leave: no request is given to it any more. False if it is not there already.
  bool Retire(const WorkerLink& link);
  std::vector<View> Views() const;
  size_t size() const;  // Of Views; it never changes.

 private:
  struct Worker {
    View view;
    std::shared_ptr<WorkerLink> link = {};  // While it is ready.
    WorkerLiveness liveness = {};           // Of the process at `link`.
    CoreWatch core_watch = {};              // Of it, too.
    ThermalSteps thermal = {};              // Of the machine: a new process finds it as warm.
    absl::Duration asked_for = {};  // How long it has been asked for its status: the clock of `thermal`.
    std::string state = "has not been started";
    std::string reason = {};  // Why it went away last.
    bool given_up = false;
  };

  static RouteCandidate ToCandidate(const Worker& worker);
  Worker* Find(const WorkerLink& link) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  FileUse UseFile(const std::string& file) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Whether it may go to a worker with `file`.
  bool MayUse(const Wanted& wanted, const std::string& file) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Why a request gets none.
  absl::Status NoWorker(const Wanted& wanted) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status NotReady() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  int NumReady() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool AnyReady() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SetLink(Worker& worker, std::shared_ptr<WorkerLink> link) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::function<void(bool)> on_readiness_;
  WorkerPreparer* preparer_ = nullptr;
  mutable absl::Mutex mutex_;
  std::vector<Worker> workers_ ABSL_GUARDED_BY(mutex_);
  PrefixMemory prefixes_ ABSL_GUARDED_BY(mutex_);
  std::optional<v1::Model> model_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, int> uses_ ABSL_GUARDED_BY(mutex_);  // By file; none is 0.
  std::optional<std::string> closed_ ABSL_GUARDED_BY(mutex_);
  bool stop_waiting_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace bitnet
