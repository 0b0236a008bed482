// Reads files of /sys, which hold one value each and are read again and again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace bitnet {

// Stays open: a value read before each batch step should cost one system call.
class SysfsFile {
 public:
  // NOT_FOUND, PERMISSION_DENIED, … name the path.
  static absl::StatusOr<SysfsFile> Open(const std::string& path);
  SysfsFile(SysfsFile&& other) noexcept;
  SysfsFile& operator=(SysfsFile&& other) = delete;
  ~SysfsFile();

  // The number it holds now; nothing if it holds none, or the device is gone.
  std::optional<int64_t> ReadInt() const;

 private:
  explicit SysfsFile(int fd) : fd_(fd) {}
  int fd_;
};

// The number in the file; nothing if there is no such file, or no number in it.
std::optional<int64_t> ReadSysfsInt(const std::string& path);

// Entries of a directory, in the order of the numbers in their names: hwmon2 before hwmon10. Empty if there
// is no such directory.
std::vector<std::string> ListSysfs(const std::string& directory);

}  // namespace bitnet
