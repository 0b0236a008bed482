// Keeps one worker process running.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "service/clock.h"
#include "service/supervisor/child_process.h"
#include "service/supervisor/worker_observer.h"

namespace bitnet {

// Runs a thread that starts the process, waits for its word, waits for its end, and starts it again, with
// growing delays (RespawnBackoff), unless the exit code says that it would be in vain
// (proto/worker_exit_codes.h).
class SupervisedWorker {
 public:
  struct Config {
    size_t index = 0;
    std::string name;
    std::string run_directory;
    // The command line that makes a worker listen at `socket_path`. Each start gets a fresh path, so that
    // nothing of a dead process is ever taken for the new one.
    std::function<std::vector<std::string>(const std::string& socket_path)> command;
    // It cannot start by that command: whether there is another one now, that is worth a try. Null: never.
    std::function<bool()> go_back = nullptr;
  };

  // Borrows `observer` and `clock`, which outlive it.
  SupervisedWorker(Config config, WorkerObserver* observer, Clock* clock);
  // Requires AwaitStopped.
  ~SupervisedWorker();

  // Lets the process go with SIGTERM, and starts no other one. Returns at once.
  void Stop();
  // True once it has stopped, by Stop or permanently failed; false at the deadline.
  bool AwaitStopped(absl::Time deadline);
  // As Stop, with SIGKILL.
  void Kill();

  // Kills the process that listens at `socket_path`, for the reason that its end is explained with, and
  // starts it again. No effect if it has ended.
  void KillProcess(const std::string& socket_path, const std::string& why);
  // Lets the process that listens at `socket_path` go with SIGTERM, and starts another one without delay.
  void RestartProcess(const std::string& socket_path);
  // Kills one that has been stopped, as by SIGSTOP, for `limit`: it cannot even be asked while it starts. To
  // be called now and then, with the time that has passed.
  void KillIfFrozen(absl::Duration elapsed, absl::Duration limit);

 private:
  struct Ending {
    std::string reason = {};
    RestartReason kind = RestartReason::kNotReady;
    bool permanent = false;
    absl::Duration healthy = absl::ZeroDuration();
    bool restarting = false;
  };

  void Run();
  Ending RunOnce(int start);
  // What its end is for: `served` if it had been ready and answered.
  RestartReason KindOf(int wait_status, bool served) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SetChild(ChildProcess* child, const std::string& socket);
  bool stopping() const;

  const Config config_;
  WorkerObserver* const observer_;
  Clock* const clock_;
  mutable absl::Mutex mutex_;
  ChildProcess* child_ ABSL_GUARDED_BY(mutex_) = nullptr;  // While one runs; owned by RunOnce.
  std::string socket_ ABSL_GUARDED_BY(mutex_);             // At which it listens.
  std::string kill_why_ ABSL_GUARDED_BY(mutex_);           // If we killed it.
  bool restarting_ ABSL_GUARDED_BY(mutex_) = false;        // It was told to leave, and is to come back.
  absl::Duration frozen_ ABSL_GUARDED_BY(mutex_);          // How long it has been stopped.
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool killing_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace bitnet
