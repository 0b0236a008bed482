#include "worker/parent_watch.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

namespace bitnet {

ParentWatch::ParentWatch(int fd, std::function<void()> on_gone) : fd_(fd), on_gone_(std::move(on_gone)) {
  if (pipe(close_pipe_) != 0) {
    std::abort();  // Out of file descriptors at startup.
  }
  thread_ = std::thread([this] { Wait(); });
}

ParentWatch::~ParentWatch() {
  close(close_pipe_[1]);
  thread_.join();
  close(close_pipe_[0]);
}

void ParentWatch::Wait() {
  while (true) {
    pollfd fds[] = {{fd_, POLLIN, 0}, {close_pipe_[0], POLLIN, 0}};
    if (poll(fds, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return;
    }
    if (fds[1].revents != 0) {
      return;
    }
    char ignored[64];
    const ssize_t size = read(fd_, ignored, sizeof(ignored));
    if (size == 0 || (size < 0 && errno != EINTR && errno != EAGAIN)) {
      on_gone_();
      return;
    }
  }
}

}  // namespace bitnet
