// Whether a program should run on this machine at all.
#pragma once

#include "absl/status/status.h"

namespace bitnet {

// FAILED_PRECONDITION: this program is translated for another kind of CPU, and how to get the right one. To
// be asked before anything is loaded.
absl::Status CheckMachine();

}  // namespace bitnet
