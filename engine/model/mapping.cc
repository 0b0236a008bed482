#include "engine/model/mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace bitnet {
namespace {

absl::Status SystemError(const std::string& path, const std::string& what) {
  return absl::ErrnoToStatus(errno, absl::StrCat(path, ": ", what));
}

// O_NONBLOCK: opening a pipe by mistake must not wait for its writer; regular files take no notice of it.
absl::StatusOr<int> OpenForReading(const std::string& path) {
  int fd;
  do {
    fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) {
    return SystemError(path, "cannot be opened");
  }
  return fd;
}

absl::StatusOr<size_t> RegularFileSize(int fd, const std::string& path) {
  struct stat info;
  if (fstat(fd, &info) != 0) {
    return SystemError(path, "cannot be examined");
  }
  if (S_ISDIR(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is a directory; a file was wanted"));
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is not a regular file"));
  }
  return static_cast<size_t>(info.st_size);
}

absl::Status ReadExactly(int fd, uint8_t* data, size_t size, const std::string& path) {
  for (size_t done = 0; done < size;) {
    const ssize_t count = read(fd, data + done, size - done);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return SystemError(path, absl::StrFormat("reading at byte %d of %d", done, size));
    }
    if (count == 0) {
      return absl::DataLossError(absl::StrFormat(
          "%s: ended after %d of %d bytes: it became shorter while it was read", path, done, size));
    }
    done += static_cast<size_t>(count);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Mapping> Mapping::MapFile(const std::string& path) {
  ASSIGN_OR_RETURN(const int fd, OpenForReading(path));
  const absl::Cleanup close_fd = [fd] { close(fd); };
  ASSIGN_OR_RETURN(const size_t size, RegularFileSize(fd, path));
  if (size == 0) {
    return Mapping(nullptr, 0);
  }
  void* data = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) {
    return SystemError(path, absl::StrFormat("mapping its %d bytes", size));
  }
  return Mapping(static_cast<uint8_t*>(data), size);
}

absl::StatusOr<Mapping> Mapping::ReadFile(const std::string& path) {
  ASSIGN_OR_RETURN(const int fd, OpenForReading(path));
  const absl::Cleanup close_fd = [fd] { close(fd); };
  ASSIGN_OR_RETURN(const size_t size, RegularFileSize(fd, path));
  if (size == 0) {
    return Mapping(nullptr, 0);
  }
  // Anonymous pages rather than a vector: aligned, not cleared by us first, and one destructor for both
  // kinds.
  void* data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) {
    return SystemError(path, absl::StrFormat("finding memory for its %d bytes", size));
  }
  Mapping mapping(static_cast<uint8_t*>(data), size);
  RETURN_IF_ERROR(ReadExactly(fd, mapping.data_, size, path));
  ASSIGN_OR_RETURN(const size_t size_now, RegularFileSize(fd, path));
  if (size_now != size) {
    return absl::DataLossError(
        absl::StrFormat("%s: went from %d to %d bytes while it was read", path, size, size_now));
  }
  return mapping;
}

absl::StatusOr<Mapping> Mapping::CopyOf(std::span<const uint8_t> bytes) {
  if (bytes.empty()) {
    return Mapping(nullptr, 0);
  }
  void* data = mmap(nullptr, bytes.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) {
    return SystemError("a copy", absl::StrFormat("finding memory for its %d bytes", bytes.size()));
  }
  std::memcpy(data, bytes.data(), bytes.size());
  return Mapping(static_cast<uint8_t*>(data), bytes.size());
}

Mapping::Mapping(Mapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Mapping::~Mapping() {
  if (data_ != nullptr) {
    munmap(data_, size_);
  }
}

}  // namespace bitnet
