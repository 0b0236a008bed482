#include "worker/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_format.h"

namespace bitnet {
namespace {

bool SomebodyListens(const sockaddr_un& address) {
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0) {
    return false;
  }
  const bool connected = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(fd);
  return connected;
}

}  // namespace

absl::Status PrepareSocketPath(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  constexpr size_t kMaxLength = sizeof(address.sun_path) - 1;  // 107 on Linux, 103 on macOS; then a zero.
  if (path.empty() || path.size() > kMaxLength) {
    return absl::InvalidArgumentError(
        absl::StrFormat("socket path \"%s\" has %d bytes: wanted 1 to %d, the system's limit", path,
                        path.size(), kMaxLength));
  }
  std::memcpy(address.sun_path, path.data(), path.size());

  struct stat info;
  if (lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) {
      return absl::OkStatus();
    }
    return absl::ErrnoToStatus(errno, absl::StrFormat("socket path %s", path));
  }
  if (!S_ISSOCK(info.st_mode)) {
    return absl::AlreadyExistsError(absl::StrFormat("%s is there already and is not a socket", path));
  }
  if (SomebodyListens(address)) {
    return absl::AlreadyExistsError(absl::StrFormat("another process listens on %s", path));
  }
  if (unlink(path.c_str()) != 0 && errno != ENOENT) {
    return absl::ErrnoToStatus(errno, absl::StrFormat("cannot remove the old socket %s", path));
  }
  return absl::OkStatus();
}

}  // namespace bitnet
