#include "service/run_directory.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace bitnet {
namespace {

// macOS has 104 bytes with the final zero, Linux 108; "/W00-000000.sock" takes 16 of them.
constexpr size_t kMaxPathBytes = 103 - 16;

}  // namespace

absl::StatusOr<RunDirectory> RunDirectory::Create(const std::string& path) {
  if (!path.empty()) {
    if (path.size() > kMaxPathBytes) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "run directory %s: %d bytes are too long for the path of a socket in it, wanted at most %d", path,
          path.size(), kMaxPathBytes));
    }
    if (mkdir(path.c_str(), 0700) == 0) {
      return RunDirectory(path, true);
    }
    if (errno != EEXIST || !std::filesystem::is_directory(path)) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot make the run directory ", path));
    }
    return RunDirectory(path, false);
  }
  const char* runtime = getenv("XDG_RUNTIME_DIR");
  std::string error;
  for (const std::string& parent : {std::string(runtime == nullptr ? "" : runtime), std::string("/tmp")}) {
    std::string name = absl::StrCat(parent, "/bitnet-XXXXXX");
    if (parent.empty() || name.size() > kMaxPathBytes) {
      continue;
    }
    if (mkdtemp(name.data()) != nullptr) {
      return RunDirectory(name, true);
    }
    error = absl::ErrnoToStatus(errno, name).ToString();
  }
  return absl::InternalError(
      absl::StrCat("cannot make a run directory: ", error, "; name one with --run-dir"));
}

RunDirectory::RunDirectory(RunDirectory&& other) noexcept
    : path_(std::move(other.path_)), remove_(std::exchange(other.remove_, false)) {}

RunDirectory::~RunDirectory() {
  if (remove_) {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
}

}  // namespace bitnet
