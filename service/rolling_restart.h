// Starts the workers of a model again, one after the other, without losing an answer.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "service/models/worker_files.h"
#include "service/router/worker_pool.h"

namespace bitnet {

// In place: a worker gives its requests to the others, leaves, and is back before the next one goes. A new
// process beside the old one would spare the answers a pause, and would need the memory of one more worker,
// which a machine that was fitted with as many as it holds does not have. Safe to share between threads.
class RollingRestart {
 public:
  // What is done to the process at a link that the pool has told of.
  struct Actions {
    std::function<void(WorkerLink& link)> retire;         // Takes its requests away from it.
    std::function<void(const WorkerLink& link)> restart;  // Lets it go, and starts another one.
    std::function<void(const WorkerLink& link, const std::string& why)> kill;
  };

  // Borrows `pool` and `files`, which outlive it.
  RollingRestart(WorkerPool* pool, WorkerFiles* files, Actions actions);
  // As Cancel.
  ~RollingRestart();

  // Restarts those that are ready now, and returns when each has come back; others are on their way anyway.
  // FAILED_PRECONDITION: one is under way; UNAVAILABLE: a worker did not come back, and those after it were
  // left alone; CANCELLED.
  absl::Status Run();
  // Restarts those that have another file than that at `path`, with that one. Before the last worker of a
  // file leaves, the answers that began with it end; new requests wait, unless there is a worker with the new
  // file. Errors as above, those of FileIdentity, and FAILED_PRECONDITION: the first worker could not load
  // the file, and went back.
  absl::Status Swap(const std::string& path);
  // As Run, on a thread; the log tells what became of it.
  void Start();
  // Ends Run and Start early, now and for ever.
  void Cancel();

 private:
  absl::Status Begin() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void End();
  absl::Status RestartAll();
  absl::Status SwapAll(const std::string& path);
  // May leave a file closed. `next_file` is what the worker will have loaded once `assign` has been called
  // and it is back.
  absl::Status RestartOne(const std::shared_ptr<WorkerLink>& link, const std::string& next_file,
                          const std::function<void()>& assign);
  // No answer needs the file of the worker any more, which nobody else has.
  absl::Status AwaitLastAnswers(const WorkerLink& link);

  WorkerPool* const pool_;
  WorkerFiles* const files_;
  const Actions actions_;
  absl::Mutex mutex_;
  bool running_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace bitnet
