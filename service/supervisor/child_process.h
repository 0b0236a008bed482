// One child process, started so that it shares nothing with us but two pipes.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

namespace bitnet {

// The descriptors that a child finds open beside 0, 1 and 2. No other one reaches it: an inherited socket
// would keep our port busy after we died, an inherited pipe would hide our death from another worker.
constexpr int kChildReadyFd = 3;   // It writes what became of its start here.
constexpr int kChildParentFd = 4;  // End-of-file here means that its parent has gone.

// Safe to share between threads, but for ReadLine and WaitForExit, which belong to one thread. The destructor
// requires that WaitForExit has returned.
class ChildProcess {
 public:
  // Starts `arguments[0]` in a process group of its own, so that Ctrl-C in a terminal reaches us alone, with
  // all signals at their defaults. NOT_FOUND, PERMISSION_DENIED: the program cannot be run.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(const std::vector<std::string>& arguments);
  ~ChildProcess();

  pid_t pid() const { return pid_; }
  // The next line that the child writes to kChildReadyFd, without its end; false at end-of-file.
  bool ReadLine(std::string* line);
  // Waits until the child has ended, and buries it. The status as waitpid has it.
  int WaitForExit();
  // Whether it is stopped, as by SIGSTOP, at this moment.
  bool IsStopped();
  // No effect once the child has ended: its number may belong to another process by then.
  void Signal(int signal);

 private:
  ChildProcess(pid_t pid, int ready_fd, int parent_fd)
      : pid_(pid), ready_fd_(ready_fd), parent_fd_(parent_fd) {}

  const pid_t pid_;
  const int ready_fd_;
  const int parent_fd_;
  std::string unread_;
  absl::Mutex mutex_;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

// "exit code 3", "signal 9 (Killed), out of memory perhaps".
std::string DescribeExit(int wait_status);

}  // namespace bitnet
