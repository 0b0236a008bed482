#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "worker/sandbox.h"
#include "worker/syscall_filter.h"

namespace bitnet {
namespace {

// A worker has a connection or two, some descriptors of gRPC's, and a file while it loads one.
constexpr rlim_t kMaxFiles = 1024;

// Both limits: the process cannot raise it again.
absl::Status Lower(int resource, rlim_t wanted) {
  rlimit limit = {};
  if (getrlimit(resource, &limit) == 0) {
    limit.rlim_max = std::min(limit.rlim_max, wanted);
    limit.rlim_cur = std::min(limit.rlim_cur, limit.rlim_max);
    if (setrlimit(resource, &limit) == 0) {
      return absl::OkStatus();
    }
  }
  return absl::ErrnoToStatus(errno, "setrlimit");
}

absl::Status ForbidNewPrivileges() {
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? absl::OkStatus()
                                                     : absl::ErrnoToStatus(errno, "PR_SET_NO_NEW_PRIVS");
}

}  // namespace

// RLIMIT_FSIZE stays: standard error may be a file, and no other can be opened for writing. So does
// RLIMIT_NPROC, which counts all threads of the user, those of other workers too.
Sandbox EnterSandbox() {
  Sandbox sandbox;
  const auto note = [&sandbox](const std::string& what, const absl::Status& status) {
    if (status.ok()) {
      sandbox.in_force.push_back(what);
    } else {
      sandbox.missing.push_back(absl::StrCat(what, ": ", status.message()));
    }
  };
  note("no new privileges", ForbidNewPrivileges());
  note("no core dumps", Lower(RLIMIT_CORE, 0));  // They would hold what clients wrote.
  note(absl::StrCat("at most ", kMaxFiles, " descriptors"), Lower(RLIMIT_NOFILE, kMaxFiles));
  note("no network, no writing of files, no other programs (seccomp)", LoadSyscallFilter());
  return sandbox;
}

}  // namespace bitnet
