#include "base/sensors/sysfs_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"

namespace bitnet {
namespace {

// Shorter names first makes an order by number of names that begin alike.
bool ByNumber(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

}  // namespace

absl::StatusOr<SysfsFile> SysfsFile::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return absl::ErrnoToStatus(errno, path);
  }
  return SysfsFile(fd);
}

SysfsFile::SysfsFile(SysfsFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

SysfsFile::~SysfsFile() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

std::optional<int64_t> SysfsFile::ReadInt() const {
  char text[32];  // 20 digits and a newline are the most.
  const ssize_t size = pread(fd_, text, sizeof(text), 0);
  int64_t value = 0;
  if (size <= 0 || !absl::SimpleAtoi(absl::StripAsciiWhitespace({text, static_cast<size_t>(size)}), &value)) {
    return std::nullopt;
  }
  return value;
}

std::optional<int64_t> ReadSysfsInt(const std::string& path) {
  const absl::StatusOr<SysfsFile> file = SysfsFile::Open(path);
  return file.ok() ? file->ReadInt() : std::nullopt;
}

std::vector<std::string> ListSysfs(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error)) {
    names.push_back(at->path().filename().string());
  }
  std::ranges::sort(names, ByNumber);
  return names;
}

}  // namespace bitnet
