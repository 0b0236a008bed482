#include "worker/ready_line.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>

namespace bitnet {
namespace {

void WriteAndClose(int fd, std::string_view line) {
  if (fd < 0) {
    return;
  }
  while (!line.empty()) {
    const ssize_t written = write(fd, line.data(), line.size());
    if (written > 0) {
      line.remove_prefix(written);
    } else if (errno != EINTR) {
      break;
    }
  }
  close(fd);
}

}  // namespace

void ReportReady(int fd) { WriteAndClose(fd, "READY\n"); }

void ReportFailed(int fd, std::string message) {
  std::ranges::replace(message, '\n', ' ');
  WriteAndClose(fd, "FAILED " + message + "\n");
}

}  // namespace bitnet
