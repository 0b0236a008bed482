#include "base/machine_check.h"

namespace bitnet {

// What emulates a CPU on Linux is somebody's wish, as in tests.
absl::Status CheckMachine() { return absl::OkStatus(); }

}  // namespace bitnet
