// The private directory in which the workers' sockets lie.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace bitnet {

// Its mode 0700 is the sockets' access control. Removed on destruction if we made it, with all that is in it.
class RunDirectory {
 public:
  // `path`, made if it is not there; or, if empty, a fresh directory under $XDG_RUNTIME_DIR or /tmp.
  // INVALID_ARGUMENT: so long that a socket's path in it would not fit sun_path.
  static absl::StatusOr<RunDirectory> Create(const std::string& path);
  RunDirectory(RunDirectory&& other) noexcept;
  RunDirectory& operator=(RunDirectory&&) = delete;
  ~RunDirectory();

  const std::string& path() const { return path_; }

 private:
  RunDirectory(std::string path, bool remove) : path_(std::move(path)), remove_(remove) {}

  std::string path_;
  bool remove_;
};

}  // namespace bitnet
