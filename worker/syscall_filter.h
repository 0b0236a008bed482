// Which system calls a worker may make (Linux).
#pragma once

#include "absl/status/status.h"

namespace bitnet {

// From now on, in all threads, only the calls that a worker needs after its flags are read: see the list in
// syscall_filter.cc. UNIMPLEMENTED: the kernel has no seccomp, or this build needs other calls; nothing has
// changed then.
absl::Status LoadSyscallFilter();

}  // namespace bitnet
