// Notices the death of the process that holds the other end of a pipe.
#pragma once

#include <functional>
#include <thread>

namespace bitnet {

// Linux could send a signal instead (PR_SET_PDEATHSIG), macOS could not, and a pipe has no race with a parent
// that dies before we ask.
class ParentWatch {
 public:
  // `on_gone` is called once, on a thread of its own, at the end of file of `fd`. What can be read from it
  // until then is thrown away.
  ParentWatch(int fd, std::function<void()> on_gone);
  ParentWatch(const ParentWatch&) = delete;
  ParentWatch& operator=(const ParentWatch&) = delete;
  ~ParentWatch();

 private:
  void Wait();

  const int fd_;
  const std::function<void()> on_gone_;
  int close_pipe_[2];  // Written to by the destructor to end the thread.
  std::thread thread_;
};

}  // namespace bitnet
