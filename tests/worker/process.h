// bitnet-worker as its supervisor sees it: a process, a line on one pipe, the far end of another.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace bitnet {

// How a process ended.
struct Ending {
  int exit_code = -1;  // -1 if a signal ended it.
  int signal = 0;
};

class WorkerProcess {
 public:
  // Starts the worker with `arguments`, --ready-fd and --parent-fd.
  explicit WorkerProcess(std::vector<std::string> arguments);
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;
  ~WorkerProcess();  // Kills it if it still runs.

  // The line on the ready pipe, without its end; what there was of it if the pipe closed first.
  std::string ReadLine();
  void Kill(int signal);
  // What happens to the pipe when this process dies.
  void CloseParentPipe();
  // Blocks until it has ended.
  Ending Wait();

 private:
  pid_t pid_ = -1;
  int ready_fd_ = -1;   // Read end.
  int parent_fd_ = -1;  // Write end.
};

}  // namespace bitnet
