#include "base/file_identity.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace bitnet {
namespace {

uint64_t Hash(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a.
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return hash;
}

// Of one file or of a directory itself.
absl::StatusOr<std::string> Describe(const std::string& path, struct stat* info) {
  if (stat(path.c_str(), info) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat(path, " cannot be looked at"));
  }
#ifdef __APPLE__
  const timespec changed = info->st_mtimespec;
#else
  const timespec changed = info->st_mtim;
#endif
  return absl::StrCat(info->st_dev, ":", info->st_ino, ":", info->st_size, ":", changed.tv_sec, ".",
                      changed.tv_nsec);
}

}  // namespace

absl::StatusOr<std::string> FileIdentity(const std::string& path) {
  struct stat info;
  ASSIGN_OR_RETURN(std::string description, Describe(path, &info));
  if (S_ISDIR(info.st_mode)) {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
      names.push_back(entry.path().string());
    }
    if (error) {
      return absl::UnavailableError(absl::StrCat(path, " cannot be listed: ", error.message()));
    }
    std::ranges::sort(names);
    description.clear();  // What happens beside its files does not matter.
    for (const std::string& name : names) {
      ASSIGN_OR_RETURN(const std::string file, Describe(name, &info));
      absl::StrAppend(&description, name, "=", file, "\n");
    }
  }
  return absl::StrCat(absl::Hex(Hash(description), absl::kZeroPad16));
}

}  // namespace bitnet
