// Every kernel against the CPU's function, before a device is trusted with a model.
#pragma once

#include "absl/status/status.h"
#include "engine/metal/self_test/kernel_trial.h"

namespace bitnet {

// Compares bits. `trial` is shared with its device. INTERNAL names the kernel that differs, the first in the
// order of kernel_table.h, or that the device does not run.
absl::Status TestKernels(KernelTrial& trial);
// The same of one.
absl::Status TestKernel(KernelTrial& trial, MetalKernel kernel);

}  // namespace bitnet
